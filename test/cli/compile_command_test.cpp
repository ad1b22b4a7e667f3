// The contract of `step37c compile` beyond what configs may get wrong (test/e2e/negative_test.cpp):
// which programs a plan holds, sizes that no plan can count, places that cannot be written, and the
// same bytes however a config is spelled.
#include "runtime/plan/PlanFile.h"
#include "test/e2e/Programs.h"

#include <algorithm>

namespace step37::test {
namespace {

using Json = nlohmann::json;

class CompileCommand : public Programs {
protected:
  void SetUp() override { fs::create_directories(scratch / "out"); }

  static fs::path tiny(const char *name) {
    return fs::path(STEP37_TEST_DATA) / "step37-tiny" / name;
  }
  static Json tinyJson() { return Json::parse(fileText(tiny("config.json"))); }

  std::string config(const Json &json) {
    writeText(scratch / "config.json", json.dump());
    return path("config.json");
  }

  /// Exit code 1, one line with all of `named`, nothing in out/.
  void expectRefusal(const std::string &config, Arguments options,
                     const std::vector<std::string> &named) {
    options.insert(options.begin(), {"compile", config});
    if (std::find(options.begin(), options.end(), "-o") == options.end())
      options.insert(options.end(), {"-o", path("out/a.plan")});
    EXPECT_EQ(compiler(options), 1) << err;
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
    for (const std::string &part : named)
      EXPECT_NE(err.find(part), std::string::npos) << "no '" << part << "' in: " << err;
    EXPECT_TRUE(fs::is_empty(scratch / "out"));
  }

  void expectUsageError(Arguments options, const std::string &named) {
    options.insert(options.begin(), {"compile", STEP37_EXAMPLE, "-o", path("out/a.plan")});
    EXPECT_EQ(compiler(options), 2) << err;
    EXPECT_NE(err.find(named), std::string::npos) << err;
    EXPECT_TRUE(fs::is_empty(scratch / "out"));
  }

  std::vector<std::string> programsWith(Arguments options) {
    options.insert(options.end(), {"--seq-len", "16"});
    const plan::Plan plan = plan::load(compile(STEP37_EXAMPLE, "some.plan", options));
    std::vector<std::string> names;
    for (const plan::Program &program : plan.targets.at(0).programs)
      names.push_back(program.name);
    return names;
  }
};

TEST_F(CompileCommand, holdsTheProgramsThatWereAskedFor) {
  using Names = std::vector<std::string>;
  const Names training{"accumulate", "update"}, evaluation{"eval", "logits"};
  const Names all{"eval", "logits", "accumulate", "update"};
  EXPECT_EQ(programsWith({}), all);
  EXPECT_EQ(programsWith({"--programs", "train,eval"}), all);
  EXPECT_EQ(programsWith({"--programs", "eval,train"}), all);
  EXPECT_EQ(programsWith({"--programs", "train", "--programs", "eval"}), all);
  EXPECT_EQ(programsWith({"--programs", "train"}), training);
  EXPECT_EQ(programsWith({"--programs", "train,train"}), training);
  EXPECT_EQ(programsWith({"--programs", "eval"}), evaluation);
}

TEST_F(CompileCommand, multiTokenPredictionHasLogitsOfEachDepth) {
  const plan::Plan plan = plan::load(
      compile(tiny("config.json"), "mtp.plan", {"--text-only", "--mtp", "--seq-len", "16"}));
  std::vector<std::string> names;
  for (const plan::Program &program : plan.targets.at(0).programs)
    names.push_back(program.name);
  EXPECT_EQ(names, (std::vector<std::string>{"eval", "logits", "mtp_logits.0", "mtp_logits.1",
                                             "accumulate", "update"}));
  EXPECT_EQ(plan.switches.at("mtp_factor"), "0.05");
  for (const plan::CarriedTensor &tensor : plan.carried)
    EXPECT_TRUE(tensor.name.starts_with("vi")) << tensor.name;
}

TEST_F(CompileCommand, freezingEverythingLeavesNothingToTrain) {
  expectRefusal(tiny("config.json"), {"--text-only", "--freeze", "language"},
                {"--freeze", "nothing to train", "--programs eval"});
  // Parts that are not there, or a plan that does not train, may be frozen.
  compile(tiny("config.json"), "frozen.plan",
          {"--text-only", "--freeze", "vision,projector", "--seq-len", "16"});
  compile(tiny("config.json"), "frozen.plan",
          {"--text-only", "--freeze", "language", "--programs", "eval", "--seq-len", "16"});
}

TEST_F(CompileCommand, aPlanForEvaluationHasNoStateOfTraining) {
  const plan::Plan plan =
      plan::load(compile(STEP37_EXAMPLE, "eval.plan", {"--programs", "eval", "--seq-len", "16"}));
  for (const plan::Buffer &buffer : plan.targets.at(0).buffers)
    EXPECT_TRUE(buffer.kind != plan::BufferKind::gradients &&
                buffer.kind != plan::BufferKind::optimizer)
        << buffer.name;
}

TEST_F(CompileCommand, float16NeedsAnotherTypeToComputeWith) {
  Json json = tinyJson();
  json["text_config"]["torch_dtype"] = "float16";
  const std::string half = config(json);
  expectRefusal(half, {}, {"config.json", "torch_dtype", "float16", "--dtype"});
  // With one, the plan is that of a config of this type.
  const std::string plan = fileText(compile(half, "half.plan", {"--dtype", "bf16"}));
  json["text_config"]["torch_dtype"] = "bfloat16";
  EXPECT_TRUE(plan == fileText(compile(config(json), "bf16.plan")));
}

TEST_F(CompileCommand, sizesThatCannotBeCounted) {
  expectRefusal(STEP37_EXAMPLE, {"--micro-batch", "2147483647"},
                {"--micro-batch 2147483647", "token slots"});
  Json json = tinyJson();
  json["text_config"]["max_position_embeddings"] = INT32_MAX;
  json["text_config"]["intermediate_size"] = 1 << 28;
  expectRefusal(config(json), {"--seq-len", "16777216"}, {"--seq-len 16777216", "activations"});
  expectRefusal(config(json), {"--seq-len", "2147483647"}, {"--seq-len 2147483647", "token slots"});
  json["text_config"]["intermediate_size"] = 1 << 30;
  expectRefusal(config(json), {}, {"config.json", "intermediate_size"});
  expectRefusal(STEP37_EXAMPLE, {"--set", "window_keys=2147483648"}, {"window_keys"});
}

TEST_F(CompileCommand, rowsLongerThanThePositions) {
  expectRefusal(tiny("config.json"), {"--seq-len", "4097"},
                {"config.json", "max_position_embeddings", "4096", "--seq-len 4097"});
}

TEST_F(CompileCommand, wrongUsage) {
  expectUsageError({"--micro-batch", "-1"}, "--micro-batch");
  expectUsageError({"--micro-batch", "2147483648"}, "--micro-batch");
  expectUsageError({"--seq-len", "99999999999999999999999"}, "--seq-len");
  expectUsageError({"--programs", ""}, "--programs");
  expectUsageError({"--programs", "train,test"}, "--programs");
  expectUsageError({"--target", "abacus"}, "--target");
  expectUsageError({"--stop-after", "lunch"}, "--stop-after");
  expectUsageError({"--freeze", "language,ears"}, "--freeze");
  expectUsageError({"--grad-dtype", "f16"}, "--grad-dtype");
  expectUsageError({"--recompute", "budget"}, "--recompute");
  for (const char *size : {"lots", "0", "-1GB", "5GB/s", "1 GB", "GB", "12gb", "", "1e30GB"})
    expectUsageError({"--memory-budget", size}, "--memory-budget: '" + std::string(size) +
                                                    "' is not a positive number like 141GB");
  EXPECT_EQ(compiler({"compile", "-o", path("out/a.plan")}), 2);
  EXPECT_EQ(compiler({"show"}), 2);
  EXPECT_EQ(compiler({"show", "--nonsense", "x"}), 2);
}

TEST_F(CompileCommand, aMemoryBudgetThatCannotBeMet) {
  expectRefusal(STEP37_EXAMPLE, {"--memory-budget", "64KiB"},
                {"config.json: does not fit into --memory-budget 64.00 KiB: a rank needs at least ",
                 " with all activations recomputed that can be (target ", " of it for weights, ",
                 "Less is needed with more ranks (--dp, --tp, --ep), --grad-dtype bf16\n"});
  expectRefusal(STEP37_EXAMPLE, {"--memory-budget", "64KiB", "--recompute", "selective"},
                {" with --recompute selective (target ", "chosen for the budget (no --recompute)"});
}

/// A budget that is large enough changes nothing; a smaller one, which keeps less, fits.
TEST_F(CompileCommand, aMemoryBudgetIsMetWithWhatItTakes) {
  const Arguments options{"--seq-len", "256", "--micro-batch", "2", "--dtype", "f32"};
  const auto with = [&](Arguments more) {
    more.insert(more.begin(), options.begin(), options.end());
    return plan::load(compile(STEP37_EXAMPLE, "budget.plan", more));
  };
  plan::Plan all = with({}), large = with({"--memory-budget", "1TB"});
  EXPECT_EQ(large.activations.memory_budget, 1'000'000'000'000);
  large.activations.memory_budget = 0;
  EXPECT_TRUE(plan::serialize(all) == plan::serialize(large));

  const int64_t most = all.targets[0].arena_bytes;
  const int64_t least = with({"--recompute", "full"}).targets[0].arena_bytes;
  ASSERT_LT(least, most);
  const std::string budget = std::to_string((most + least) / 2);
  const plan::Plan half = with({"--memory-budget", budget});
  EXPECT_LE(half.targets[0].arena_bytes, (most + least) / 2);
  EXPECT_EQ(half.activations.recompute, "budget");
  EXPECT_FALSE(half.activations.recomputed.empty());
  EXPECT_TRUE(plan::serialize(half) == plan::serialize(with({"--memory-budget", budget + "B"})));

  // What is asked for is only checked.
  const plan::Plan full = with({"--memory-budget", "1TB", "--recompute", "full"});
  EXPECT_EQ(full.activations.recompute, "full");
  EXPECT_EQ(full.targets[0].arena_bytes, least);
  expectRefusal(STEP37_EXAMPLE,
                {"--seq-len", "256", "--micro-batch", "2", "--dtype", "f32", "--target", "host",
                 "--recompute", "none", "--memory-budget", budget},
                {" with --recompute none (target host), ", "a smaller --micro-batch, a smaller"});
}

TEST_F(CompileCommand, placesThatCannotBeWritten) {
  for (const std::string &place : {path("out"), path("out/"), std::string("/dev/full"),
                                   path("no/such/folder"), std::string(STEP37_EXAMPLE) + "/a"})
    expectRefusal(STEP37_EXAMPLE, {"--seq-len", "16", "-o", place}, {place});
  expectRefusal(STEP37_EXAMPLE,
                {"--seq-len", "16", "--dump-dir", std::string(STEP37_EXAMPLE) + "/d"},
                {"config.json/d"});
}

TEST_F(CompileCommand, aFailureLeavesAnOlderPlanAlone) {
  const std::string plan = compile(STEP37_EXAMPLE, "kept.plan", {"--seq-len", "16"});
  const std::string before = fileText(plan);
  expectRefusal(STEP37_EXAMPLE, {"--seq-len", "2000000", "-o", plan}, {"--seq-len"});
  EXPECT_TRUE(fileText(plan) == before);
}

TEST_F(CompileCommand, stopsAfterAPhaseWithoutAPlan) {
  EXPECT_EQ(compiler({"compile", STEP37_EXAMPLE, "--stop-after", "frontend", "--dump-dir",
                      path("dump"), "-o", path("out/a.plan")}),
            0)
      << err;
  EXPECT_TRUE(fs::is_empty(scratch / "out"));
  EXPECT_TRUE(fs::exists(scratch / "dump/00-frontend.mlir"));
}

TEST_F(CompileCommand, spellingsGiveTheSameBytes) {
  const std::string published = fileText(compile(tiny("config.json"), "published.plan"));
  EXPECT_TRUE(published == fileText(compile(tiny("config_resaved.json"), "resaved.plan")));
  EXPECT_TRUE(published == fileText(compile(config(tinyJson()), "without-blanks.plan")));
  Json json = tinyJson();
  json["text_config"]["moe_layers_enum"] = {5, 4, 3, 2};
  EXPECT_TRUE(published == fileText(compile(config(json), "list.plan")));
  json["text_config"]["rms_norm_eps"] = 2e-5;
  EXPECT_FALSE(published == fileText(compile(config(json), "other.plan")));
}

TEST_F(CompileCommand, aScalarIsAListOfTheSame) {
  Json json = tinyJson();
  json["text_config"]["rope_theta"] = 20000;
  const std::string scalar = fileText(compile(config(json), "scalar.plan"));
  json["text_config"]["rope_theta"] = Json(8, 20000.0);
  EXPECT_TRUE(scalar == fileText(compile(config(json), "list.plan")));
}

} // namespace
} // namespace step37::test
