// What import and export refuse, before anything is written: tensors that do not fit the config,
// output that is not theirs, links, damaged rank checkpoints.
#include "test/bridge/conversion_support.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace step37::test {

using ConversionRefused = ConversionTest;

TEST_F(ConversionRefused, ExtraTensorsAreListedOrRefused) {
  const fs::path changed = changedGolden([](std::map<std::string, Values> &tensors) {
    tensors["model.layers.9.surplus"] = counting("model.layers.9.surplus", {2});
  });
  EXPECT_EQ(toRanks(changed, path("ckpt"), {}).extra,
            std::vector<std::string>{"model.layers.9.surplus"});
  expectError([&] { toRanks(changed, path("strict"), {}, {.strict = true}); },
              {changed.string(), "1 tensors", "model.layers.9.surplus"});
  EXPECT_FALSE(fs::exists(path("strict")));
}

TEST_F(ConversionRefused, MissingTensorsAndWrongShapesAreRefused) {
  const std::string name = "model.layers.3.self_attn.k_proj.weight";
  fs::path changed =
      changedGolden([&](std::map<std::string, Values> &tensors) { tensors.erase(name); });
  expectError([&] { toRanks(changed, path("ckpt"), {}); }, {name + ": missing"});
  changed = changedGolden(
      [&](std::map<std::string, Values> &tensors) { tensors[name].shape = {64, 32}; });
  expectError([&] { toRanks(changed, path("ckpt"), {}); }, {name, "[64, 32]", "[32, 64]"});
  changed = changedGolden(
      [&](std::map<std::string, Values> &tensors) { tensors[name].type = DType::bf16; });
  expectError([&] { toRanks(changed, path("ckpt"), {}); }, {name, "BF16", "qkvg_proj", "F32"});
  EXPECT_FALSE(fs::exists(path("ckpt")));
}

TEST_F(ConversionRefused, NothingElseIsReplaced) {
  fs::create_directory(path("full"));
  writeFile(path("full") / "mine.txt", "precious");
  expectError([&] { toRanks(goldenDirectory(), path("full"), {}); }, {"not empty"});
  expectError([&] { toPublished(goldenDirectory(), path("full")); }, {"not empty"});
  EXPECT_EQ(textOf(path("full") / "mine.txt"), "precious");
  fs::copy(goldenDirectory(), path("hf"));
  expectError([&] { toPublished(path("hf"), path("hf") / "out"); }, {"outside"});
  expectError([&] { toPublished(path("hf"), scratch.path()); }, {"outside"});
  // Own output gives way.
  toRanks(goldenDirectory(), path("ranks"), {Layout::plan, mesh(2)});
  toRanks(goldenDirectory(), path("ranks"), {Layout::plan, mesh(1)});
  EXPECT_FALSE(fs::exists(path("ranks") / rankFileName(1)));
}

TEST_F(ConversionRefused, ExpertsBeyondTheLast) {
  const std::string stacked = "model.layers.2.moe.up_proj.weight";
  const auto split = [&](const std::vector<std::string> &numbers) {
    return changedGolden([&](std::map<std::string, Values> &tensors) {
      const Values stack = tensors[stacked];
      tensors.erase(stacked);
      const auto size = static_cast<int64_t>(stack.values.size()) / stack.shape[0];
      for (size_t i = 0; i < numbers.size(); ++i) {
        const std::string name = "model.layers.2.moe.experts." + numbers[i] + ".up_proj.weight";
        const auto begin = stack.values.begin() + static_cast<int64_t>(i % 8) * size;
        tensors[name] = {name, {stack.shape[1], stack.shape[2]}, {begin, begin + size}};
      }
    });
  };
  fs::path hf = split({"0", "1", "2", "3", "4", "5", "6", "7"});
  EXPECT_EQ(differences(goldenDirectory(), hf), std::vector<std::string>{});
  for (const char *number : {"8", "11", "9223372036854775807"}) {
    hf = split({"0", "1", "2", "3", "4", "5", "6", "7", number});
    expectError([&] { toRanks(hf, path("ckpt"), {}); },
                {"experts." + std::string(number) + ".up_proj.weight", "8 experts only"});
  }
  expectError([&] { differences(hf, hf); }, {"experts.8.up_proj.weight: missing"});
  hf = split({"0", "1", "2", "3", "4", "6", "7", "8"});
  expectError([&] { toRanks(hf, path("ckpt"), {}); }, {"experts.5.up_proj.weight: missing"});
  // No other spelling of a number is taken for it.
  hf = split({"0", "1", "2", "3", "4", "5", "6", "7", "07"});
  EXPECT_EQ(toRanks(hf, path("ckpt"), {}).extra,
            std::vector<std::string>{"model.layers.2.moe.experts.07.up_proj.weight"});
}

TEST_F(ConversionRefused, LinksBesideTheWeights) {
  fs::copy(goldenDirectory(), path("hf"));
  fs::create_directories(path("hf") / "figures");
  fs::create_directories(path("elsewhere"));
  writeFile(path("elsewhere") / "secret.txt", "secret");
  fs::create_directory_symlink(path("elsewhere"), path("hf") / "folder");
  fs::create_directory_symlink(path("hf") / "figures", path("hf") / "inside");
  fs::create_symlink(path("elsewhere") / "secret.txt", path("hf") / "file.txt");
  fs::create_symlink(path("absent"), path("hf") / "dangling");
  fs::create_symlink("config.json", path("hf") / "copy.json");
  std::vector<std::string> left = toPublished(path("hf"), path("out")).leftOut;
  std::sort(left.begin(), left.end());
  std::vector<std::string> expected;
  for (const char *name : {"dangling", "file.txt", "folder", "inside"})
    expected.push_back((path("hf") / name).string());
  EXPECT_EQ(left, expected);
  EXPECT_EQ(textOf(path("out") / "copy.json"), textOf(path("hf") / "config.json"));
  for (const auto &entry : fs::recursive_directory_iterator(path("out")))
    EXPECT_FALSE(entry.is_symlink()) << entry.path();

  fs::rename(path("hf") / "config.json", path("elsewhere") / "config.json");
  fs::create_symlink(path("elsewhere") / "config.json", path("hf") / "config.json");
  expectError([&] { toRanks(path("hf"), path("ckpt"), {}); }, {"hf/config.json", "link"});
  EXPECT_FALSE(fs::exists(path("ckpt")));
}

/// A rank checkpoint that something happened to.
class DamagedRanks : public ConversionTest {
protected:
  void SetUp() override { toRanks(goldenDirectory(), path("ckpt"), {Layout::plan, mesh(2, 2)}); }
  void expectRefused(const std::vector<std::string> &parts) {
    expectError([&] { toPublished(path("ckpt"), path("out")); }, parts);
    EXPECT_FALSE(fs::exists(path("out")));
  }
  fs::path file() const { return path("ckpt") / rankFileName(1); }
  void editManifest(const std::function<void(nlohmann::json &)> &edit) {
    auto manifest = nlohmann::json::parse(textOf(path("ckpt") / "ranks.json"));
    edit(manifest);
    writeFile(path("ckpt") / "ranks.json", manifest.dump());
  }
};

TEST_F(DamagedRanks, FlippedBit) {
  const auto offset = safetensors::File(file()).at("lm_head.weight").offset;
  std::string text = textOf(file());
  text[static_cast<size_t>(offset + 1000)] ^= 1;
  writeFile(file(), text);
  expectRefused({file().string(), "its bytes are not those that were written"});
}

TEST_F(DamagedRanks, TruncatedFile) {
  fs::resize_file(file(), fs::file_size(file()) - 4);
  expectRefused({file().string()});
}

TEST_F(DamagedRanks, MissingFile) {
  fs::remove(file());
  expectRefused({file().string(), "no such file"});
}

TEST_F(DamagedRanks, Links) {
  for (const fs::path &part : {file(), path("ckpt") / "ranks.json", path("ckpt") / "published"}) {
    fs::rename(part, path("moved"));
    fs::create_symlink(path("moved"), part);
    expectRefused({part.string(), "is a link"});
    fs::remove(part);
    fs::rename(path("moved"), part);
  }
}

TEST_F(DamagedRanks, FilesExchanged) {
  fs::rename(file(), path("moved"));
  fs::rename(path("ckpt") / rankFileName(0), file());
  fs::rename(path("moved"), path("ckpt") / rankFileName(0));
  expectRefused({"its bytes are not those that were written"});
}

TEST_F(DamagedRanks, AnotherConfig) {
  auto config = nlohmann::json::parse(textOf(path("ckpt") / "published/config.json"));
  config["text_config"]["hidden_size"] = 128;
  writeFile(path("ckpt") / "published/config.json", config.dump());
  expectRefused({rankFileName(0), "its layout needs"});
}

TEST_F(DamagedRanks, Manifest) {
  using nlohmann::json;
  const std::string good = textOf(path("ckpt") / "ranks.json");
  const std::vector<std::pair<std::string, std::function<void(json &)>>> edits{
      {"format", [](json &m) { m["format"] = "other"; }},
      {"format_version", [](json &m) { m["format_version"] = 99; }},
      {"layout", [](json &m) { m["layout"] = "none"; }},
      {"layout", [](json &m) { m.erase("layout"); }},
      {"mesh.tp", [](json &m) { m["mesh"]["tp"] = 0; }},
      {"mesh.ep", [](json &m) { m["mesh"]["ep"] = "2"; }},
      {"ranks", [](json &m) { m["ranks"] = json::object(); }},
      {"ranks.7", [](json &m) { m["ranks"]["7"] = json::object(); }},
      {"ranks.0.lm_head.weight.type",
       [](json &m) { m["ranks"]["0"]["lm_head.weight"].erase("type"); }},
      {"lm_head.weight", [](json &m) { m["ranks"]["0"].erase("lm_head.weight"); }},
      {"lm_head.weight", [](json &m) { m["ranks"]["0"]["lm_head.weight"]["hashes"].clear(); }},
      {"lm_head.weight", [](json &m) { m["ranks"]["0"]["lm_head.weight"]["type"] = "F16"; }}};
  for (const auto &[field, edit] : edits) {
    writeFile(path("ckpt") / "ranks.json", good);
    editManifest(edit);
    expectRefused({path("ckpt").string(), field});
  }
  writeFile(path("ckpt") / "ranks.json", "{");
  expectRefused({"ranks.json"});
}

} // namespace step37::test
