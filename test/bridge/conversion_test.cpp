// Import, export and comparison of whole checkpoints: nothing is lost on any way. What is refused
// is in refused_test.cpp.
#include "frontend/config/StoredNames.h"
#include "test/bridge/conversion_support.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace step37::test {

using Conversion = ConversionTest;

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

TEST_F(Conversion, VerifyOfNumbersThatAreNone) {
  const auto write = [&](const char *name, std::vector<float> values) {
    fs::create_directory(path(name));
    writeShard(path(name) / "model.safetensors", {{"a", {4}, std::move(values)}});
  };
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  write("a", {1, nan, infinity, 4});
  write("b", {1, nan, 3, 2});
  EXPECT_EQ(differences(path("a"), path("b")),
            std::vector<std::string>{"a: 2 of 4 elements differ, 1 of them are NaN or infinite, "
                                     "the largest difference is 2, relative in norm 0.485"});
  EXPECT_TRUE(differences(path("a"), path("a")).empty());
}

TEST_F(Conversion, PartsOfTheModelThatTheConfigLeavesOut) {
  const auto config = [&](const std::function<void(nlohmann::json &)> &edit) {
    auto json = nlohmann::json::parse(textOf(goldenDirectory() / "config.json"));
    edit(json);
    writeFile(path("changed") / "config.json", json.dump());
  };
  const fs::path hf = changedGolden([](std::map<std::string, Values> &tensors) {
    std::erase_if(tensors, [](const auto &entry) {
      return entry.first.starts_with("vi") || entry.first.starts_with("model.layers.6.") ||
             entry.first.starts_with("model.layers.7.");
    });
  });
  expectError([&] { toRanks(hf, path("ckpt"), {}); },
              {"model.layers.6.input_layernorm.weight: missing", "num_nextn_predict_layers 0"});
  const auto withoutMtp = [](nlohmann::json &json) {
    nlohmann::json &text = json["text_config"];
    text["num_nextn_predict_layers"] = 0;
    for (auto &[key, value] : text.items())
      if (value.is_array() && value.size() == 8) // a value a layer, of 6 and 2
        value.get_ref<nlohmann::json::array_t &>().resize(6);
  };
  config(withoutMtp);
  expectError([&] { toRanks(hf, path("ckpt"), {}); },
              {"vision_model.conv1.weight: missing", "no vision_config"});
  config([&](nlohmann::json &json) {
    withoutMtp(json);
    json.erase("vision_config");
  });
  EXPECT_EQ(toRanks(hf, path("ckpt"), {Layout::megatron, mesh(2, 2)}).tensors, 166 - 34 - 37);
  toPublished(path("ckpt"), path("out"));
  EXPECT_EQ(differences(hf, path("out")), std::vector<std::string>{});
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

TEST_F(Conversion, ConfigOfDequantisedWeights) {
  const std::string gate = "model.layers.2.moe.gate_proj.weight";
  const fs::path hf = changedGolden([&](std::map<std::string, Values> &tensors) {
    for (auto &[name, tensor] : tensors)
      if (!name.ends_with("router_bias"))
        tensor.type = DType::bf16;
    tensors[gate].type = DType::f8e4m3;
    tensors[gate + "_scale_inv"] = counting(gate + "_scale_inv", {8, 1, 1}, 1);
  });
  auto json = nlohmann::ordered_json::parse(textOf(hf / "config.json"));
  const std::string plain = json.dump(2) + '\n';
  json["quantization_config"] = {{"quant_method", "fp8"}};
  json["text_config"]["quantization_config"] = {{"quant_method", "fp8"}};
  writeFile(hf / "config.json", json.dump());
  toRanks(hf, path("ckpt"), {Layout::plan, mesh(2, 2)});
  EXPECT_EQ(textOf(path("ckpt") / "published/config.json"), plain);
  toPublished(hf, path("out"));
  EXPECT_EQ(textOf(path("out") / "config.json"), plain);
  EXPECT_EQ(differences(path("ckpt"), path("out")), std::vector<std::string>{});
}

} // namespace step37::test
