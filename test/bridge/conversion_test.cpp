// Import, export and comparison of whole checkpoints: nothing is lost on any way, and what does not
// fit is refused before anything is written.
#include "test/bridge/conversion_support.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace step37::test {

class Conversion : public ::testing::Test {
protected:
  fs::path path(const char *name) const { return scratch.path() / name; }

  /// The golden checkpoint with some tensors changed, as one file with its config.
  fs::path changedGolden(const std::function<void(std::map<std::string, Values> &)> &change) {
    const safetensors::File golden(goldenDirectory() / "model.safetensors");
    std::map<std::string, Values> tensors;
    for (const safetensors::Tensor &tensor : golden.tensors())
      tensors[tensor.name] = {tensor.name, tensor.shape,
                              toFloats(golden.bytes(tensor), golden.type(tensor)),
                              golden.type(tensor)};
    change(tensors);
    std::vector<Values> list;
    for (auto &[name, tensor] : tensors)
      list.push_back(std::move(tensor));
    fs::remove_all(path("changed"));
    fs::create_directory(path("changed"));
    fs::copy_file(goldenDirectory() / "config.json", path("changed") / "config.json");
    writeShard(path("changed") / "model.safetensors", list);
    return path("changed");
  }

  Scratch scratch;
};

TEST_F(Conversion, EveryMeshAndLayoutGivesTheSameTensors) {
  for (int64_t tp : {1, 2})
    for (int64_t ep : {1, 2, 4})
      for (Layout layout : {Layout::plan, Layout::megatron, Layout::megatronExpanded}) {
        toRanks(goldenDirectory(), path("plan"), {Layout::plan, mesh(tp, ep)});
        toRanks(path("plan"), path("other"), {layout, mesh(tp, ep)});
        const ConversionSummary summary = toPublished(path("other"), path("published"));
        EXPECT_EQ(summary.tensors, 166);
        EXPECT_EQ(differences(goldenDirectory(), path("published")), std::vector<std::string>{});
        EXPECT_EQ(differences(goldenDirectory(), path("other")), std::vector<std::string>{});
      }
}

TEST_F(Conversion, SplitExperts) {
  toRanks(goldenDirectory(), path("ranks"), {Layout::megatron, mesh(2, 2, 2)});
  EXPECT_EQ(differences(goldenDirectory(), path("ranks")), std::vector<std::string>{});
}

TEST_F(Conversion, VocabularyThatTpDoesNotDivide) {
  // 320 rows over 7 ranks; the rest of the model has no attention that 7 divides, so only the
  // embedding is looked at.
  ModelConfig config;
  config.model_type = "step3p5";
  config.type = DType::f32;
  config.hidden = config.intermediate = 7;
  config.vocab = 17;
  const TensorMap map(config);
  fs::create_directory(path("hf"));
  std::vector<Values> tensors;
  for (const MappedTensor &tensor : map.tensors())
    tensors.push_back(counting(tensor.published.name, tensor.published.shape, 1));
  writeShard(path("hf") / "model.safetensors", tensors);
  writeRanks(HfWeights(path("hf")), map, {Layout::plan, mesh(7)}, path("ranks"), {});
  const safetensors::File last(path("ranks") / rankFileName(5));
  const Matrix rows = readMatrix(last, "lm_head.weight");
  EXPECT_EQ(rows.shape, (std::vector<int64_t>{3, 7}));
  EXPECT_EQ(rows.values[0], 15 * 7 + 1);
  EXPECT_EQ(std::vector<float>(rows.values.begin() + 14, rows.values.end()),
            std::vector<float>(7, 0));
}

TEST_F(Conversion, OneRankHasItsSlicesOnly) {
  toRanks(goldenDirectory(), path("all"), {Layout::plan, mesh(2, 4)});
  toRanks(goldenDirectory(), path("one"), {Layout::plan, mesh(2, 4), 3});
  EXPECT_EQ(textOf(path("one") / rankFileName(3)), textOf(path("all") / rankFileName(3)));
  EXPECT_FALSE(fs::exists(path("one") / rankFileName(0)));
  expectError([&] { toPublished(path("one"), path("published")); },
              {path("one").string(), "1 of 4 ranks"});
  EXPECT_FALSE(fs::exists(path("published")));
}

TEST_F(Conversion, CheckReadsTheSameAndWritesNothing) {
  const HfWeights source(goldenDirectory());
  const TensorMap map = mapOf(goldenDirectory());
  const auto check = [&](const RankSelection &selection) {
    return checkRanks(source, map, selection, {}).digest;
  };
  EXPECT_EQ(check({Layout::plan, mesh(2, 4), 3}), check({Layout::plan, mesh(2, 4), 3}));
  EXPECT_NE(check({Layout::plan, mesh(2, 4), 3}), check({Layout::plan, mesh(2, 4), 2}));
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST_F(Conversion, ShardsIndexAndOtherFiles) {
  fs::copy(goldenDirectory(), path("hf"));
  fs::create_directories(path("hf") / "figures");
  writeFile(path("hf") / "figures/one.txt", "a figure");
  writeFile(path("hf") / "tokenizer.json", std::string("{\0}", 3));
  fs::create_symlink("/etc/hostname", path("hf") / "elsewhere");
  const ConversionSummary imported = toRanks(path("hf"), path("ckpt"), {Layout::plan, mesh(2)});
  EXPECT_EQ(imported.leftOut, std::vector<std::string>{(path("hf") / "elsewhere").string()});
  constexpr int64_t limit = 300'000;
  toPublished(path("ckpt"), path("out"), limit);
  EXPECT_EQ(textOf(path("out") / "config.json"), textOf(path("hf") / "config.json"));
  EXPECT_EQ(textOf(path("out") / "tokenizer.json"), textOf(path("hf") / "tokenizer.json"));
  EXPECT_EQ(textOf(path("out") / "figures/one.txt"), "a figure");
  EXPECT_FALSE(fs::exists(path("out") / "elsewhere"));
  EXPECT_FALSE(fs::exists(path("out") / "text_case.safetensors"));
  EXPECT_EQ(differences(path("hf"), path("out")), std::vector<std::string>{});

  const auto index = nlohmann::json::parse(textOf(path("out") / "model.safetensors.index.json"));
  EXPECT_EQ(index["metadata"]["total_size"], 2'420'480);
  EXPECT_EQ(index["metadata"]["total_parameters"], 605'120);
  EXPECT_EQ(index["weight_map"].size(), 166u);
  std::set<std::string> shards;
  for (const auto &[tensor, shard] : index["weight_map"].items())
    shards.insert(shard);
  EXPECT_GT(shards.size(), 8u);
  for (const std::string &shard : shards)
    EXPECT_LE(fs::file_size(path("out") / shard), static_cast<uintmax_t>(limit)) << shard;
}

TEST_F(Conversion, OtherPackagingAndSingleExperts) {
  const fs::path changed = changedGolden([](std::map<std::string, Values> &tensors) {
    std::map<std::string, Values> renamed;
    for (auto &[name, tensor] : tensors) {
      std::string prefix = "model.";
      std::string rest = name;
      if (name.starts_with("model.")) {
        prefix = "model.language_model.";
        rest = name.substr(6);
      } else if (name.starts_with("lm_head")) {
        prefix = "model.language_model.";
      }
      if (name.find(".moe.") == std::string::npos || tensor.shape.size() != 3) {
        renamed[prefix + rest] = tensor;
        renamed[prefix + rest].name = prefix + rest;
        continue;
      }
      const int64_t size = tensor.shape[1] * tensor.shape[2];
      for (int64_t expert = 0; expert < tensor.shape[0]; ++expert) {
        const std::string single = expertTensorName(prefix + rest, expert);
        renamed[single] = {
            single,
            {tensor.shape[1], tensor.shape[2]},
            {tensor.values.begin() + expert * size, tensor.values.begin() + (expert + 1) * size}};
      }
    }
    tensors = renamed;
  });
  EXPECT_EQ(differences(goldenDirectory(), changed), std::vector<std::string>{});
  const ConversionSummary summary = toRanks(changed, path("ckpt"), {Layout::plan, mesh(1, 2)});
  EXPECT_TRUE(summary.extra.empty());
  toPublished(path("ckpt"), path("out"));
  EXPECT_EQ(differences(goldenDirectory(), path("out")), std::vector<std::string>{});
}

TEST_F(Conversion, ExtraTensorsAreListedOrRefused) {
  const fs::path changed = changedGolden([](std::map<std::string, Values> &tensors) {
    tensors["model.layers.9.surplus"] = counting("model.layers.9.surplus", {2});
  });
  EXPECT_EQ(toRanks(changed, path("ckpt"), {}).extra,
            std::vector<std::string>{"model.layers.9.surplus"});
  expectError([&] { toRanks(changed, path("strict"), {}, {.strict = true}); },
              {changed.string(), "1 tensors", "model.layers.9.surplus"});
  EXPECT_FALSE(fs::exists(path("strict")));
}

TEST_F(Conversion, MissingTensorsAndWrongShapesAreRefused) {
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

TEST_F(Conversion, StoredTypesStay) {
  const fs::path changed = changedGolden([](std::map<std::string, Values> &tensors) {
    for (auto &[name, tensor] : tensors)
      if (!name.ends_with("router_bias"))
        tensor.type = DType::bf16;
  });
  toRanks(changed, path("ckpt"), {Layout::megatron, mesh(2, 2)});
  toPublished(path("ckpt"), path("out"));
  EXPECT_EQ(differences(changed, path("out")), std::vector<std::string>{});
  EXPECT_FALSE(differences(goldenDirectory(), path("out")).empty());
}

TEST_F(Conversion, VerifySaysWhatDiffersAndByHowMuch) {
  const fs::path changed = changedGolden([](std::map<std::string, Values> &tensors) {
    tensors["model.norm.weight"].values[3] += 0.5f;
    tensors["lm_head.weight"].shape = {64, 320};
    tensors["model.embed_tokens.weight"].type = DType::bf16;
    tensors.erase("model.layers.0.input_layernorm.weight");
    tensors["surplus"] = counting("surplus", {1});
  });
  const std::vector<std::string> lines = differences(goldenDirectory(), changed);
  const auto has = [&](const std::string &text) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string &line) { return line.find(text) == 0; });
  };
  EXPECT_EQ(lines.size(), 5u);
  EXPECT_TRUE(has("model.norm.weight: 1 of 64 elements differ, the largest difference is 0.5,"));
  EXPECT_TRUE(has("lm_head.weight: shape [320, 64] and [64, 320]"));
  EXPECT_TRUE(has("model.embed_tokens.weight: type F32 and BF16"));
  EXPECT_TRUE(has("model.layers.0.input_layernorm.weight: only in "));
  EXPECT_TRUE(has("surplus: only in "));
}

TEST_F(Conversion, BlockScaledExperts) {
  // [2, 200, 300]: two by three blocks, the last ones cut.
  const std::vector<int64_t> shape{2, 200, 300}, scaleShape{2, 2, 3};
  Values weight = counting("model.layers.1.moe.gate_proj.weight", shape, 0, DType::f8e4m3);
  for (size_t i = 0; i < weight.values.size(); ++i)
    weight.values[i] = static_cast<float>(int(i % 13) - 6) / 4;
  Values scale = counting(weight.name + "_scale_inv", scaleShape, 1);
  for (float &value : scale.values)
    value *= 0.37f;
  std::vector<float> expected(weight.values.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const size_t column = i % 300, row = i / 300 % 200, expert = i / 60000;
    expected[i] = weight.values[i] * scale.values[(expert * 2 + row / 128) * 3 + column / 128];
  }
  writeShard(path("model.safetensors"), {weight, scale});
  const HfWeights source(scratch.path());
  const auto tensor = source.open(weight.name, shape);
  EXPECT_EQ(tensor->type(), DType::bf16);
  EXPECT_EQ(tensor->storedType(), "F8_E4M3");
  std::vector<std::byte> bytes(expected.size() * 2);
  tensor->read(0, bytes);
  EXPECT_EQ(bytes, toBytes(expected, DType::bf16));
  // From anywhere, of any length.
  std::vector<std::byte> some(2 * 40001);
  tensor->read(2 * 30017, some);
  EXPECT_TRUE(std::equal(some.begin(), some.end(), bytes.begin() + 2 * 30017));
  EXPECT_TRUE(source.beside({weight.name}).empty());

  scale.shape = {2, 3, 2};
  writeShard(path("model.safetensors"), {weight, scale});
  expectError([&] { HfWeights(scratch).open(weight.name, shape); },
              {scale.name, "[2, 3, 2]", "[2, 2, 3]"});
  writeShard(path("model.safetensors"), {weight});
  expectError([&] { HfWeights(scratch).open(weight.name, shape); },
              {weight.name, "F8_E4M3", "_scale_inv"});
}

TEST_F(Conversion, NothingElseIsReplaced) {
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

/// A rank checkpoint that something happened to.
class DamagedRanks : public Conversion {
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

TEST_F(DamagedRanks, Link) {
  fs::rename(file(), path("moved"));
  fs::create_symlink(path("moved"), file());
  expectRefused({file().string(), "is a link"});
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
