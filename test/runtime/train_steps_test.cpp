// Training steps against plain loops, and what must not change them.
#include "runtime/base/Sha256.h"
#include "runtime/data/Dataset.h"
#include "runtime/train/LearningRate.h"
#include "test/runtime/TrainSupport.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace step37::test {
namespace {

class Training : public testing::Test {
protected:
  void SetUp() override { writeWeights(model, scratch / "weights"); }

  TrainOptions someOptions() {
    TrainOptions options;
    options.input.weights = scratch / "weights";
    options.input.built_in_text = text;
    options.optimizer = {.lr = 0.03, .warmup = 3, .weight_decay = 0.1, .clip = 0.3};
    options.steps = 10;
    options.log = scratch / "log.jsonl";
    options.save = scratch / "save";
    return options;
  }

  /// Loss and gradient norm of every step.
  std::vector<std::pair<double, double>> logged() const {
    std::vector<std::pair<double, double>> result;
    std::istringstream lines(fileText(scratch / "log.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      auto record = nlohmann::json::parse(line);
      EXPECT_EQ(record["step"], result.size() + 1);
      result.emplace_back(record["loss"], record["grad_norm"]);
    }
    return result;
  }

  /// Hash of the weights and the optimizer's state after the last step.
  std::string savedState(const std::string &directory) const {
    fs::path last = scratch / directory / "step-000010";
    return sha256Hex(fileText(last / "model.safetensors") +
                     fileText(last / "optimizer.safetensors"));
  }

  BigramShape shape;
  BigramModel model = someBigramModel(shape);
  std::string text = someText(2000, shape.vocab);
  ScratchDirectory scratch;
};

/// Ten steps with everything on: warm-up, cosine, decay, a clip that binds, accumulation, a mask.
TEST_F(Training, tenStepsAgreeWithPlainAdamW) {
  const int64_t rows = 12;
  TokenRows data(rows, shape.seqLen);
  data.ids = someIds(rows * shape.seqLen, shape.vocab);
  for (size_t i = 0; i < data.mask.size(); ++i)
    data.mask[i] = i % 5 == 2 ? 0.0f : 1.0f;
  TensorFile()
      .add("input_ids", DType::i32, {rows, shape.seqLen}, data.ids)
      .add("loss_mask", DType::f32, {rows, shape.seqLen}, data.mask)
      .write(scratch / "data.safetensors");
  TrainOptions options = someOptions();
  options.input.data = scratch / "data.safetensors";
  options.grad_accumulation = 3;
  trainQuietly(bigramPlan(shape), options);
  auto curve = logged();
  ASSERT_EQ(curve.size(), 10u);

  auto rowsOfData = Dataset::open(options.input.data, "", {shape.seqLen, shape.vocab});
  BigramAdamW optimizer(model, options.optimizer);
  double largestNorm = 0;
  for (int64_t step = 1; step <= 10; ++step) {
    std::vector<TokenRows> batches;
    for (int64_t i = 0; i < 3; ++i) {
      Batch batch{TokenRows(shape.microBatch, shape.seqLen), {}};
      for (int64_t row = 0; row < shape.microBatch; ++row)
        rowsOfData->trainingRow(options.input.seed, ((step - 1) * 3 + i) * shape.microBatch + row,
                                batch, row);
      batches.push_back(batch.tokens);
    }
    BigramModel::Gradients gradients = model.gradients(batches);
    auto [loss, norm] = curve[static_cast<size_t>(step - 1)];
    EXPECT_NEAR(loss, gradients.loss, 1e-5 * gradients.loss) << "step " << step;
    EXPECT_NEAR(norm, gradients.norm(), 1e-4 * norm) << "step " << step;
    largestNorm = std::max(largestNorm, norm);
    optimizer.step(gradients, learningRate(options.optimizer, step, options.steps));
  }
  EXPECT_GT(largestNorm, options.optimizer.clip) << "the clip never bound";
  safetensors::File saved(options.save / "step-000010" / "model.safetensors");
  EXPECT_LT(relativeError(floatsOf(saved, "lm_head.weight"), model.head), 1e-4);
  EXPECT_LT(relativeError(floatsOf(saved, "model.embed_tokens.weight"), model.embed), 1e-4);
}

TEST_F(Training, lossFallsAndTheLastLineIsTheHeldOutLoss) {
  TrainOptions options = someOptions();
  options.steps = 60;
  options.optimizer.clip = 1;
  std::string printed = trainQuietly(bigramPlan(shape), options);
  auto curve = logged();
  EXPECT_LT(curve.back().first, 0.8 * curve.front().first);
  size_t last = printed.rfind('\n', printed.size() - 2) + 1;
  EXPECT_EQ(printed.substr(last, 14), "held-out loss ");
  EXPECT_LT(std::stod(printed.substr(last + 14)), 0.8 * curve.front().first);
}

TEST_F(Training, sameBitsAgainAndForAnyThreads) {
  TrainOptions options = someOptions();
  options.input.weights.clear(); // random initialisation has to be the same too
  trainQuietly(bigramPlan(shape), options, 1);
  std::string state = savedState("save");
  auto curve = logged();
  for (int threads : {1, 2, 3}) {
    options.save = scratch / ("save" + std::to_string(threads));
    trainQuietly(bigramPlan(shape), options, threads);
    EXPECT_EQ(savedState("save" + std::to_string(threads)), state) << threads << " threads";
    EXPECT_EQ(logged(), curve);
  }
}

TEST_F(Training, seedsGiveDifferentRuns) {
  TrainOptions options = someOptions();
  options.input.weights.clear();
  trainQuietly(bigramPlan(shape), options);
  std::string state = savedState("save");
  options.input.seed = 99;
  options.save = scratch / "other";
  trainQuietly(bigramPlan(shape), options);
  EXPECT_NE(savedState("other"), state);
}

TEST_F(Training, bfloat16FollowsFloat32) {
  TrainOptions options = someOptions();
  trainQuietly(bigramPlan(shape), options);
  auto exact = logged();
  shape.type = DType::bf16;
  options.save = scratch / "bf16";
  trainQuietly(bigramPlan(shape), options);
  auto rounded = logged();
  for (size_t i = 0; i < exact.size(); ++i)
    EXPECT_NEAR(rounded[i].first, exact[i].first, 0.01 * exact[i].first);
  safetensors::File weights(options.save / "step-000010" / "model.safetensors");
  EXPECT_EQ(weights.at("lm_head.weight").dtype, "BF16");
}

TEST_F(Training, mastersStartFromTheSourceNotFromTheRoundedParameter) {
  shape.type = DType::bf16;
  TrainOptions options = someOptions();
  options.optimizer = {.lr = 0, .min_lr = 0};
  options.steps = 1;
  trainQuietly(bigramPlan(shape), options);
  safetensors::File state(options.save / "step-000001" / "optimizer.safetensors");
  EXPECT_EQ(floatsOf(state, "lm_head.weight.master"),
            std::vector<float>(model.head.begin(), model.head.end()));
}

TEST_F(Training, lossThatIsNoNumberStopsTheRun) {
  BigramModel broken = model;
  broken.head[0] = NAN;
  writeWeights(broken, scratch / "weights");
  TrainOptions options = someOptions();
  options.input.eval_rows = 1;
  std::string message = errorOf([&] { trainQuietly(bigramPlan(shape), options); });
  EXPECT_NE(message.find("step 1: the loss is"), std::string::npos) << message;
  EXPECT_EQ(fileText(scratch / "log.jsonl"), "");
  EXPECT_FALSE(fs::exists(options.save));
}

/// The last rows are held out, so only training sees nothing that counts.
TEST_F(Training, aStepThatCountsNothingStopsTheRun) {
  const int64_t rows = 20;
  TokenRows data(rows, shape.seqLen);
  data.ids = someIds(rows * shape.seqLen, shape.vocab);
  for (size_t i = 0; i < data.mask.size(); ++i)
    data.mask[i] = i < size_t(18 * shape.seqLen) ? 0.0f : 1.0f;
  TensorFile()
      .add("input_ids", DType::i32, {rows, shape.seqLen}, data.ids)
      .add("loss_mask", DType::f32, {rows, shape.seqLen}, data.mask)
      .write(scratch / "data.safetensors");
  TrainOptions options = someOptions();
  options.input.data = scratch / "data.safetensors";
  EXPECT_EQ(errorOf([&] { trainQuietly(bigramPlan(shape), options); }),
            "step 1: no token of its batches counts in the loss: all samples were left out, or the "
            "loss mask is zero; training stops");
}

TEST_F(Training, missingProgramIsNamed) {
  plan::Plan plan = bigramPlan(shape);
  plan.targets[0].programs[1].name = "something";
  std::string message = errorOf([&] { trainQuietly(plan, someOptions()); });
  EXPECT_NE(message.find("no program update"), std::string::npos) << message;
}

TEST_F(Training, missingOptimizerStateIsNamed) {
  plan::Plan plan = bigramPlan(shape);
  plan.parameters[1].moment1.clear();
  std::string message = errorOf([&] { trainQuietly(plan, someOptions()); });
  EXPECT_NE(message.find("parameter head is to be trained"), std::string::npos) << message;
}

} // namespace
} // namespace step37::test
