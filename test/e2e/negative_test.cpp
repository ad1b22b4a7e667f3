// What is wrong in what a user gives: exit code 1, one message that names the file and the field or
// tensor, and no file, half-written or whole. The readers' own tests have more cases; these are
// what a person sees. Wrong usage of step37-run is in test/runtime/train_cli_test.cpp.
#include "runtime/plan/PlanFile.h"
#include "test/e2e/Programs.h"

#include <sys/resource.h>

namespace step37::test {
namespace {

using Json = nlohmann::json;

class Negative : public Programs {
protected:
  void SetUp() override { fs::create_directories(scratch / "out"); }

  /// `code` is of a program that has failed: 1, one line that has all of `named`, and nothing in
  /// out/.
  void expectRefusal(int code, const std::vector<std::string> &named) {
    EXPECT_EQ(code, 1) << err;
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
    for (const std::string &part : named)
      EXPECT_NE(err.find(part), std::string::npos) << "no '" << part << "' in: " << err;
    EXPECT_TRUE(fs::is_empty(scratch / "out"));
  }

  static Json goodConfig() { return Json::parse(fileText(STEP37_EXAMPLE)); }

  void expectTextRefusal(const std::string &text, const std::string &named) {
    writeText(scratch / "config.json", text);
    expectRefusal(compiler({"compile", path("config.json"), "-o", path("out/a.plan")}),
                  {"config.json", named});
  }
  void expectConfigRefusal(const Json &config, const std::string &named) {
    expectTextRefusal(config.dump(), named);
  }

  std::string goodPlan() {
    return compile(STEP37_EXAMPLE, "model.plan", {"--seq-len", "32", "--dtype", "f32"});
  }

  /// Both programs read plans.
  void expectPlanRefusal(const std::string &bytes, const std::string &named) {
    writeText(scratch / "bad.plan", bytes);
    expectRefusal(compiler({"show", path("bad.plan")}), {"bad.plan", named});
    expectRefusal(runner({path("bad.plan"), "--train", "--log", path("out/log.jsonl")}),
                  {"bad.plan", named});
  }
};

TEST_F(Negative, configThatIsNoJson) {
  expectTextRefusal("{\"hidden_size\": 128,", "JSON");
  expectTextRefusal("", "empty");
}

TEST_F(Negative, configThatIsNotThere) {
  expectRefusal(compiler({"compile", path("nowhere.json"), "-o", path("out/a.plan")}),
                {"nowhere.json"});
}

TEST_F(Negative, configWithoutARequiredField) {
  for (const char *field :
       {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_attention_groups", "head_dim", "vocab_size", "layer_types", "moe_num_experts",
        "moe_top_k", "moe_intermediate_size"}) {
    Json config = goodConfig();
    config.erase(field);
    expectConfigRefusal(config, field);
  }
}

TEST_F(Negative, configWithAListOfTheWrongLength) {
  for (const char *field : {"layer_types", "rope_theta", "partial_rotary_factors", "swiglu_limits",
                            "swiglu_limits_shared"}) {
    Json config = goodConfig();
    config[field].push_back(config[field].back());
    expectConfigRefusal(config, field);
    config[field].erase(5);
    config[field].erase(5);
    config[field].erase(4);
    expectConfigRefusal(config, field);
  }
}

TEST_F(Negative, configWithAnUnknownLayerType) {
  Json config = goodConfig();
  config["layer_types"][2] = "linear_attention";
  expectConfigRefusal(config, "layer_types[2]");
}

TEST_F(Negative, configWithHeadsThatGroupsDoNotDivide) {
  Json config = goodConfig();
  config["num_attention_heads"] = 5;
  expectConfigRefusal(config, "num_attention_heads");
}

/// Of the golden config: two key/value groups, eight experts.
TEST_F(Negative, meshesThatDoNotFit) {
  auto compileOn = [&](Arguments options) {
    options.insert(options.begin(),
                   {"compile", std::string(STEP37_TEST_DATA) + "/step37-tiny/config.json",
                    "--text-only", "--seq-len", "45", "--target", "host", "-o",
                    path("out/a.plan")});
    return compiler(std::move(options));
  };
  expectRefusal(compileOn({"--tp", "4"}), {"config.json", "--tp 4", "2 key/value groups"});
  expectRefusal(compileOn({"--ep", "3"}), {"config.json", "--ep 3", "8 experts"});
  expectRefusal(compileOn({"--dp", "2", "--tp", "2", "--ep", "8"}),
                {"ep", "8", "4 ranks of dp·tp"});
  expectRefusal(compileOn({"--dp", "1", "--tp", "2", "--ep", "2", "--etp", "2"}),
                {"ep", "4", "2 ranks of dp·tp"});
  expectRefusal(compileOn({"--tp", "2", "--sequence-parallel"}),
                {"config.json", "--sequence-parallel", "--tp 2", "45 tokens"});
  expectRefusal(compileOn({"--dp", "1", "--tp", "2", "--ep", "2", "--dispatch", "all-to-all"}),
                {"config.json", "--dispatch all-to-all", "2 ranks along tp", "45 tokens"});
  EXPECT_EQ(compileOn({"--dp", "0"}), 2);
  EXPECT_EQ(compileOn({"--zero", "2"}), 2);
  EXPECT_EQ(compileOn({"--expert-rows", "0"}), 2);
  EXPECT_EQ(compileOn({"--dispatch", "scatter"}), 2);
}

TEST_F(Negative, switchesAndOptionsOfCompile) {
  auto compileWith = [&](Arguments options) {
    options.insert(options.begin(), {"compile", STEP37_EXAMPLE, "-o", path("out/a.plan")});
    return compiler(std::move(options));
  };
  expectRefusal(compileWith({"--set", "window_key=3"}), {"--set", "window_key"});
  expectRefusal(compileWith({"--set", "window_keys=0"}), {"window_keys"});
  expectRefusal(compileWith({"--seq-len", "100000"}), {"--seq-len"});
  for (const Arguments &usage :
       {Arguments{"--seq-len", "0"}, {"--dtype", "f64"}, {"--micro-batch", "many"}, {"--nonsense"}})
    EXPECT_EQ(compileWith(usage), 2) << usage.front();
  EXPECT_EQ(compiler({"compile", STEP37_EXAMPLE}), 2);
  EXPECT_EQ(compiler({}), 2);
  EXPECT_TRUE(fs::is_empty(scratch / "out"));
}

TEST_F(Negative, planTruncated) {
  const std::string good = fileText(goodPlan());
  for (size_t length : {size_t{0}, size_t{5}, size_t{1000}, good.size() / 2, good.size() - 1})
    expectPlanRefusal(good.substr(0, length), "");
}

TEST_F(Negative, planWithAFlippedByte) {
  const std::string good = fileText(goodPlan());
  for (size_t place = 3; place < good.size(); place += good.size() / 9) {
    std::string bad = good;
    bad[place] = static_cast<char>(bad[place] ^ 0x10);
    expectPlanRefusal(bad, "");
  }
}

TEST_F(Negative, planOfAnotherVersion) {
  std::string bytes = fileText(goodPlan());
  const std::string field = "\"format_version\":4";
  const size_t place = bytes.find(field);
  ASSERT_NE(place, std::string::npos);
  bytes[place + field.size() - 1] = '7';
  expectPlanRefusal(bytes, "format_version");
}

TEST_F(Negative, planWithAnOffsetOutOfRange) {
  const plan::Plan good = plan::load(goodPlan());
  plan::Plan bad = good;
  bad.targets[0].buffers[3].offset = bad.targets[0].arena_bytes;
  expectPlanRefusal(plan::serialize(bad), "targets[0].buffers[3].offset");
  bad = good;
  bad.targets[0].programs[0].steps[1].arguments[0].offset = int64_t{1} << 40;
  expectPlanRefusal(plan::serialize(bad), "targets[0].programs[0].steps[1].arguments[0]");
}

TEST_F(Negative, diskFullWhileWritingAPlan) {
  // A limit on the size of files fails a write like a full disk does; children inherit it.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{20'000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const int code =
      compiler({"compile", STEP37_EXAMPLE, "-o", path("out/a.plan"), "--target", "host"});
  ::setrlimit(RLIMIT_FSIZE, &before);
  expectRefusal(code, {"out/a.plan"});
  expectRefusal(
      compiler({"compile", STEP37_EXAMPLE, "-o", path("no/such/a.plan"), "--target", "host"}),
      {"no/such/a.plan"});
}

/// Weights of the example, with one tensor changed or left out.
class NegativeWeights : public Negative {
protected:
  void SetUp() override {
    Negative::SetUp();
    plan = goodPlan();
    TensorFile().add("input_ids", DType::i32, {1, 32}, someIds(32, 256)).write(scratch / "in");
    fs::create_directories(scratch / "weights");
    // The published tensors of the example, all zero.
    for (const plan::Parameter &parameter : plan::load(plan).parameters)
      for (const plan::Part &part : parameter.parts)
        tensors.push_back({part.name, DType::f32, part.shape});
  }

  void write(const std::vector<safetensors::TensorSpec> &specs) {
    safetensors::Writer writer(weights(), specs);
    for (const safetensors::TensorSpec &spec : specs) {
      int64_t bytes = byteSize(spec.type);
      for (int64_t extent : spec.shape)
        bytes *= extent;
      writer.write(spec.name, std::vector<std::byte>(static_cast<size_t>(bytes)));
    }
    writer.commit();
  }

  void expectWeightsRefusal(const std::vector<std::string> &named) {
    expectRefusal(
        runner({plan, "--probe", path("in"), "-o", path("out/a"), "--weights", path("weights")}),
        named);
    expectRefusal(runner({plan, "--train", "--steps", "1", "--weights", path("weights"), "--save",
                          path("out/save")}),
                  named);
  }

  fs::path weights() const { return scratch / "weights" / "model.safetensors"; }

  std::string plan;
  std::vector<safetensors::TensorSpec> tensors;
};

TEST_F(NegativeWeights, asTheyShouldBe) {
  write(tensors);
  EXPECT_EQ(
      runner({plan, "--probe", path("in"), "-o", path("out/a"), "--weights", path("weights")}), 0)
      << err;
}

TEST_F(NegativeWeights, truncated) {
  write(tensors);
  fs::resize_file(weights(), fs::file_size(weights()) - 10);
  expectWeightsRefusal({"model.safetensors"});
  fs::resize_file(weights(), 100);
  expectWeightsRefusal({"model.safetensors"});
}

TEST_F(NegativeWeights, withoutATensor) {
  const std::string name = tensors.back().name;
  tensors.pop_back();
  write(tensors);
  expectWeightsRefusal({"weights", name});
}

TEST_F(NegativeWeights, withAWrongShape) {
  tensors[4].shape[0] += 1;
  write(tensors);
  expectWeightsRefusal({"model.safetensors", tensors[4].name});
}

TEST_F(NegativeWeights, withIntegers) {
  tensors[4].type = DType::i32;
  write(tensors);
  expectWeightsRefusal({"model.safetensors", tensors[4].name, "I32"});
}

TEST_F(NegativeWeights, dataThatDoesNotFit) {
  auto expectDataRefusal = [&](const std::string &file, const std::string &named) {
    expectRefusal(
        runner({plan, "--train", "--steps", "1", "--data", path(file), "--save", path("out/save")}),
        {file, named});
  };
  writeText(scratch / "empty.txt", "");
  expectDataRefusal("empty.txt", "empty");
  auto writeIds = [&](std::vector<int64_t> shape, int32_t last) {
    std::vector<int32_t> ids(static_cast<size_t>(shape[0] * shape[1]), 0);
    if (!ids.empty())
      ids.back() = last;
    TensorFile().add("input_ids", DType::i32, shape, ids).write(scratch / "ids.safetensors");
  };
  writeIds({0, 32}, 0);
  expectDataRefusal("ids.safetensors", "input_ids");
  writeIds({3, 32}, 256);
  expectDataRefusal("ids.safetensors", "input_ids: row 2, position 31: 256");
  writeIds({3, 32}, -1);
  expectDataRefusal("ids.safetensors", "input_ids: row 2, position 31: -1");
  writeIds({3, 31}, 0);
  expectDataRefusal("ids.safetensors", "input_ids");
}

} // namespace
} // namespace step37::test
