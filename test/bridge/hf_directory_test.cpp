// Opening a directory of published weights: one file, shards with an index, other packaging, and
// everything that is refused.
#include "bridge/HfDirectory.h"
#include "frontend/config/StoredNames.h"
#include "runtime/base/AtomicFile.h"
#include "test/bridge/bridge_support.h"

#include <nlohmann/json.hpp>

#include <sys/stat.h>

namespace step37::test {

namespace fs = std::filesystem;
using nlohmann::json;

void writeIndex(const fs::path &directory, const json &weightMap) {
  writeFile(directory / "model.safetensors.index.json", json{{"weight_map", weightMap}}.dump());
}

std::vector<float> valuesOf(const HfDirectory &directory, const std::string &name) {
  const StoredTensor *stored = directory.find(name);
  if (!stored)
    return {};
  return toFloats(stored->bytes(), stored->file->type(*stored->tensor));
}

TEST(HfDirectory, OneFile) {
  Scratch scratch;
  writeShard(scratch.path() / "model.safetensors", {counting("a", {2, 2}), counting("b", {3}, 9)});
  // Not opened, whatever it holds.
  writeFile(scratch.path() / "model-00002-of-00002.safetensors", "garbage");
  const HfDirectory directory(scratch);
  EXPECT_EQ(directory.tensors().size(), 2u);
  EXPECT_EQ(valuesOf(directory, "b"), (std::vector<float>{9, 10, 11}));
  EXPECT_EQ(directory.find("c"), nullptr);
}

TEST(HfDirectory, ShardsOfAnIndex) {
  Scratch scratch;
  fs::create_directory(scratch.path() / "more");
  writeShard(scratch.path() / "one.safetensors", {counting("a", {2}), counting("unlisted", {2})});
  writeShard(scratch.path() / "more/two.safetensors", {counting("b", {2}, 5)});
  // The index counts, not this file.
  writeShard(scratch.path() / "model.safetensors", {counting("a", {2}, 100)});
  writeIndex(scratch, {{"a", "one.safetensors"}, {"b", "more/two.safetensors"}});
  const HfDirectory directory(scratch);
  EXPECT_EQ(directory.tensors().size(), 2u);
  EXPECT_EQ(valuesOf(directory, "a"), (std::vector<float>{0, 1}));
  EXPECT_EQ(valuesOf(directory, "b"), (std::vector<float>{5, 6}));
}

TEST(HfDirectory, OtherPackaging) {
  EXPECT_EQ(publishedTensorName("model.language_model.layers.3.moe.gate.weight"),
            "model.layers.3.moe.gate.weight");
  EXPECT_EQ(publishedTensorName("model.language_model.lm_head.weight"), "lm_head.weight");
  EXPECT_EQ(publishedTensorName("model.vision_model.conv1.weight"), "vision_model.conv1.weight");
  EXPECT_EQ(publishedTensorName("model.vit_large_projector.weight"), "vit_large_projector.weight");
  EXPECT_EQ(publishedTensorName("model.layers.3.moe.gate.weight"),
            "model.layers.3.moe.gate.weight");
  Scratch scratch;
  writeShard(scratch.path() / "model.safetensors",
             {counting("model.language_model.norm.weight", {2}, 3)});
  EXPECT_EQ(valuesOf(HfDirectory(scratch), "model.norm.weight"), (std::vector<float>{3, 4}));
}

TEST(HfDirectory, LinksOfTheHubsCache) {
  Scratch scratch;
  const fs::path snapshot = scratch.path() / "snapshots/abc";
  fs::create_directories(snapshot);
  fs::create_directories(scratch.path() / "blobs");
  writeShard(scratch.path() / "blobs/0123", {counting("a", {2})});
  fs::create_symlink("../../blobs/0123", snapshot / "one.safetensors");
  writeIndex(snapshot, {{"a", "one.safetensors"}});
  EXPECT_EQ(HfDirectory(snapshot).tensors().size(), 1u);
}

TEST(HfDirectoryRefused, NoWeights) {
  Scratch scratch;
  const std::string path = scratch.path().string();
  expectError([&] { HfDirectory(scratch.path() / "absent"); }, {path + "/absent"});
  expectError([&] { HfDirectory{scratch.path()}; }, {path, "model.safetensors"});
  writeFile(scratch.path() / "model.safetensors", "short");
  expectError([&] { HfDirectory{scratch.path()}; }, {path + "/model.safetensors"});
}

TEST(HfDirectoryRefused, ShardsOutside) {
  Scratch scratch;
  const fs::path inside = scratch.path() / "in";
  fs::create_directories(inside / "sub");
  fs::create_directories(scratch.path() / "in-too");
  const fs::path outside = scratch.path() / "in-too/out.safetensors";
  writeShard(outside, {counting("a", {2})});
  fs::create_symlink(outside, inside / "link.safetensors");
  fs::create_symlink(scratch.path() / "in-too", inside / "folder");
  for (const std::string &shard :
       {outside.string(), std::string("../in-too/out.safetensors"),
        std::string("sub/../../in-too/out.safetensors"), std::string("link.safetensors"),
        std::string("folder/out.safetensors"), std::string(), std::string("absent.safetensors")}) {
    writeIndex(inside, {{"a", shard}});
    expectError([&] { HfDirectory{inside}; },
                {"model.safetensors.index.json", "shard \"" + shard + "\""});
  }
}

TEST(HfDirectoryRefused, EntriesOutside) {
  Scratch scratch;
  const fs::path inside = scratch.path() / "in";
  fs::create_directory(inside);
  writeShard(scratch.path() / "model.safetensors", {counting("a", {2})});
  writeIndex(scratch, {{"a", "model.safetensors"}});
  for (const char *entry : {"model.safetensors", "model.safetensors.index.json"}) {
    fs::create_symlink(scratch.path() / entry, inside / entry);
    expectError([&] { HfDirectory{inside}; }, {(inside / entry).string(), "leads outside"});
  }
}

TEST(HfDirectoryRefused, ShardsThatAreNoFiles) {
  Scratch scratch;
  fs::create_directory(scratch.path() / "folder");
  ASSERT_EQ(::mkfifo((scratch.path() / "pipe").c_str(), 0600), 0);
  writeFile(scratch.path() / "text.json", "{}");
  for (const char *shard : {"folder", "pipe", "text.json", "."}) {
    writeIndex(scratch, {{"a", shard}});
    expectError([&] { HfDirectory{scratch.path()}; }, {shard});
  }
  fs::remove(scratch.path() / "model.safetensors.index.json");
  fs::create_directory(scratch.path() / "model.safetensors");
  expectError([&] { HfDirectory{scratch.path()}; }, {"model.safetensors", "is a directory"});
}

TEST(HfDirectoryRefused, IndexAndShardsDisagree) {
  Scratch scratch;
  writeShard(scratch.path() / "one.safetensors", {counting("a", {2})});
  writeShard(scratch.path() / "two.safetensors", {counting("a", {2}), counting("b", {2})});
  writeIndex(scratch, {{"a", "one.safetensors"}, {"c", "one.safetensors"}});
  expectError([&] { HfDirectory{scratch.path()}; },
              {"model.safetensors.index.json: c: is not in one.safetensors"});
  writeIndex(scratch, {{"a", "one.safetensors"}, {"b", "two.safetensors"}});
  expectError([&] { HfDirectory{scratch.path()}; },
              {"model.safetensors.index.json: a: ", "one.safetensors", "two.safetensors"});
}

TEST(HfDirectoryRefused, BrokenIndex) {
  Scratch scratch;
  const fs::path index = scratch.path() / "model.safetensors.index.json";
  for (const char *text : {"{", "[]", "{}", "{\"weight_map\": []}", "{\"weight_map\": {\"a\": 1}}",
                           "{\"weight_map\": {\"a\": \"x\", \"a\": \"y\"}}"}) {
    writeFile(index, text);
    expectError([&] { HfDirectory{scratch.path()}; }, {index.string()});
  }
}

TEST(HfDirectoryRefused, OneTensorUnderTwoNames) {
  Scratch scratch;
  writeShard(
      scratch.path() / "model.safetensors",
      {counting("model.norm.weight", {2}), counting("model.language_model.norm.weight", {2})});
  expectError([&] { HfDirectory{scratch.path()}; },
              {"model.norm.weight", "model.language_model.norm.weight"});
}

} // namespace step37::test
