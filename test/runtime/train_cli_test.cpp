// step37-run from outside: exit codes, messages, output. STEP37_RUN is the program.
#include "runtime/plan/PlanFile.h"
#include "test/runtime/ChildProcess.h"
#include "test/runtime/TrainSupport.h"

namespace step37::test {
namespace {

class CommandLine : public testing::Test {
protected:
  void SetUp() override {
    BigramShape shape;
    shape.vocab = 256;
    plan = (scratch / "model.plan").string();
    plan::save(bigramPlan(shape), plan);
  }

  int run(std::vector<std::string> arguments) {
    ChildProcess child(STEP37_RUN, std::move(arguments), scratch / "printed");
    int code = child.wait();
    out = child.stdoutText();
    err = child.stderrText();
    return code;
  }

  std::string path(const std::string &name) const { return (scratch / name).string(); }

  ScratchDirectory scratch;
  std::string plan, out, err;
};

TEST_F(CommandLine, trainAloneWorks) {
  EXPECT_EQ(run({plan, "--train", "--steps", "3"}), 0) << err;
  EXPECT_NE(out.find("\nstep 3/3 loss "), std::string::npos) << out;
  EXPECT_NE(out.find("built-in text"), std::string::npos) << out;
  EXPECT_EQ(out.substr(out.rfind('\n', out.size() - 2) + 1, 14), "held-out loss ");
  EXPECT_EQ(err, "");
}

TEST_F(CommandLine, quietPrintsOneLine) {
  EXPECT_EQ(run({plan, "--train", "--steps", "2", "--quiet"}), 0) << err;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1) << out;
}

TEST_F(CommandLine, evalReportsTheHeldOutLoss) {
  EXPECT_EQ(run({plan, "--eval", "--quiet"}), 0) << err;
  EXPECT_EQ(out.substr(0, 16), "held-out loss 5."); // ln(256) = 5.545
}

TEST_F(CommandLine, probeWritesItsFile) {
  TensorFile()
      .add("input_ids", DType::i32, {2, 12}, someIds(24, 256))
      .write(scratch / "in.safetensors");
  EXPECT_EQ(
      run({plan, "--probe", path("in.safetensors"), "-o", path("out.safetensors"), "--grads"}), 0)
      << err;
  EXPECT_EQ(safetensors::File(scratch / "out.safetensors").tensors().size(), 4u);
}

TEST_F(CommandLine, helpNamesEveryGroupAndDefault) {
  EXPECT_EQ(run({"--help"}), 0);
  for (const char *text : {"--train", "--probe", "Optimizer (AdamW)", "--grad-accumulation",
                           "Checkpoints and logs", "=1234", "=0.002", "0.9,0.95"})
    EXPECT_NE(out.find(text), std::string::npos) << text << " in\n" << out;
}

TEST_F(CommandLine, wrongUsageIsTwo) {
  const std::vector<std::vector<std::string>> wrong{
      {},
      {plan},
      {"--train"},
      {plan, "--train", "--eval"},
      {plan, "--train", "--steps", "0"},
      {plan, "--train", "--steps", "many"},
      {plan, "--train", "--steps", "1.5"},
      {plan, "--train", "--lr", "-1"},
      {plan, "--train", "--lr", "nan"},
      {plan, "--train", "--lr", "inf"},
      {plan, "--train", "--lr", "1e-3", "--min-lr", "1e-2"},
      {plan, "--train", "--betas", "0.9"},
      {plan, "--train", "--betas", "0.9,1"},
      {plan, "--train", "--schedule", "linear"},
      {plan, "--train", "--grad-accumulation", "0"},
      {plan, "--train", "--save-every", "5"},
      {plan, "--train", "--unknown"},
      {plan, "--probe", "in.safetensors"},
      {plan, "--train", "-o", "out.safetensors"},
      {plan, "--train", "--grads"},
      {"tune"},
      {"tune", plan},
      {"tune", plan, "-o", "table.json", "--train"},
  };
  for (const auto &arguments : wrong) {
    std::string line;
    for (const std::string &argument : arguments)
      line += " " + argument;
    EXPECT_EQ(run(arguments), 2) << line;
    EXPECT_NE(err, "") << line;
  }
}

TEST_F(CommandLine, errorsAreOneWithOneMessage) {
  auto expectError = [&](std::vector<std::string> arguments, const std::string &named) {
    EXPECT_EQ(run(std::move(arguments)), 1);
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
    EXPECT_NE(err.find(named), std::string::npos) << err;
  };
  expectError({path("missing.plan"), "--train"}, "missing.plan");
  writeText(scratch / "empty.txt", "");
  expectError({plan, "--train", "--data", path("empty.txt")}, "empty.txt");
  expectError({plan, "--train", "--weights", path("nowhere")}, "nowhere");
  expectError({plan, "--train", "--resume", path("nowhere")}, "nowhere");
  expectError({plan, "--train", "--device", "cuda"}, "cuda"); // this plan is for the host
  expectError({plan, "--train", "--log", path("no/such/folder.jsonl")}, "folder.jsonl");
  TensorFile()
      .add("input_ids", DType::i32, {1, 12}, std::vector<int32_t>(12, 256))
      .write(scratch / "ids.safetensors");
  expectError({plan, "--train", "--data", path("ids.safetensors")},
              "ids.safetensors: input_ids: row 0, position 0: 256");
  expectError({plan, "--probe", path("ids.safetensors"), "-o", path("out.safetensors")},
              "input_ids");
  EXPECT_FALSE(fs::exists(scratch / "out.safetensors"));
  writeText(scratch / "table.json", "{}");
  expectError({plan, "--train", "--tune", path("table.json")}, "table.json: tuned_products");
  expectError({"tune", plan, "-o", path("new.json")}, "the plan has no target \"cuda\"");
  EXPECT_FALSE(fs::exists(scratch / "new.json"));
}

TEST_F(CommandLine, traceAndProfileShowTheSteps) {
  EXPECT_EQ(run({plan, "--train", "--steps", "2", "--profile", "--trace", path("t.json")}), 0)
      << err;
  EXPECT_NE(out.find("Time of program accumulate by kernel family, 2 runs"), std::string::npos)
      << out;
  EXPECT_NE(out.find("logits_loss"), std::string::npos) << out;
  EXPECT_EQ(out.substr(out.rfind('\n', out.size() - 2) + 1, 14), "held-out loss ");
  const auto events = nlohmann::json::parse(fileText(scratch / "t.json")).at("traceEvents");
  auto isUpdate = [](const auto &event) { return event["args"]["program"] == "update"; };
  EXPECT_GT(std::count_if(events.begin(), events.end(), isUpdate), 2);
  EXPECT_EQ(events[0]["name"], "model.embed_tokens");
}

TEST_F(CommandLine, checkNamesWhereANumberIsLost) {
  BigramModel model = someBigramModel({.vocab = 256});
  model.head[0] = NAN;
  writeWeights(model, scratch / "weights");
  EXPECT_EQ(run({plan, "--eval", "--weights", path("weights"), "--check"}), 1);
  EXPECT_NE(err.find("program eval, step 2 (lm_head): kernel gemm_"), std::string::npos) << err;
  EXPECT_NE(err.find("argument c, buffer eval_logits, element 0"), std::string::npos) << err;
}

} // namespace
} // namespace step37::test
