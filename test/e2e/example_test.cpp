// The example model (tools/examples/step35-tiny), small and short: it learns, in float32 and
// bfloat16, and what must not change the losses does not. Plain loops over a smaller model are in
// test/runtime/train_steps_test.cpp.
#include "test/e2e/Programs.h"

namespace step37::test {
namespace {

class Example : public Programs {
protected:
  std::string compileExample(const std::string &microBatch, Arguments options = {}) {
    options.insert(options.end(), {"--seq-len", "96", "--micro-batch", microBatch});
    return compile(STEP37_EXAMPLE, "example" + microBatch + ".plan", std::move(options));
  }

  /// With little of the text for the held-out loss.
  std::vector<LoggedStep> trainBriefly(const std::string &plan, const char *steps,
                                       Arguments options = {}) {
    options.insert(options.end(), {"--steps", steps, "--eval-rows", evalRows});
    return train(plan, std::move(options));
  }

  static constexpr const char *evalRows = "16";
};

class ExampleTypes : public Example, public testing::WithParamInterface<const char *> {};

INSTANTIATE_TEST_SUITE_P(Type, ExampleTypes, testing::Values("f32", "bf16"),
                         [](const auto &info) { return info.param; });

/// From the loss of a guess among 256 bytes, ln(256) = 5.545, towards text.
TEST_P(ExampleTypes, learns) {
  const auto steps = trainBriefly(compileExample("4", {"--dtype", GetParam()}), "60");
  ASSERT_EQ(steps.size(), 60u);
  EXPECT_NEAR(steps.front().loss, 5.545, 0.1);
  EXPECT_LT(steps.back().loss, 3.2);
  EXPECT_LT(heldOutLoss(out), 3.2);
  EXPECT_NE(out.find("\nstep 60/60 loss "), std::string::npos) << out;
}

TEST_F(Example, lossesDoNotDependOnThreads) {
  for (const char *type : {"f32", "bf16"}) {
    const std::string plan = compileExample("2", {"--dtype", type});
    const auto expected = textsOf(trainBriefly(plan, "6", {"--threads", "1"}));
    ASSERT_EQ(expected.size(), 6u);
    for (const char *threads : {"1", "2", "3"})
      EXPECT_EQ(textsOf(trainBriefly(plan, "6", {"--threads", threads})), expected)
          << type << ", " << threads << " threads";
  }
}

TEST_F(Example, seedsGiveOtherLosses) {
  const std::string plan = compileExample("1");
  EXPECT_NE(textsOf(trainBriefly(plan, "2", {"--seed", "1"})),
            textsOf(trainBriefly(plan, "2", {"--seed", "2"})));
}

/// Two micro-batches of one row are one of two rows, but for the order of sums.
TEST_F(Example, accumulationEqualsALargerMicroBatch) {
  const auto whole = trainBriefly(compileExample("2"), "5");
  const auto halves = trainBriefly(compileExample("1"), "5", {"--grad-accumulation", "2"});
  ASSERT_EQ(whole.size(), halves.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_NEAR(halves[i].loss, whole[i].loss, 1e-4) << "step " << i + 1;
    EXPECT_NEAR(halves[i].gradNorm, whole[i].gradNorm, 1e-3 * whole[i].gradNorm)
        << "step " << i + 1;
  }
}

TEST_F(Example, gradientsOfBfloat16LearnToo) {
  const auto wide = trainBriefly(compileExample("2"), "20");
  const auto narrow = trainBriefly(compileExample("2", {"--grad-dtype", "bf16"}), "20");
  EXPECT_NE(textsOf(narrow), textsOf(wide));
  EXPECT_NEAR(narrow.back().loss, wide.back().loss, 0.05);
}

/// A checkpoint is a directory of weights: --eval of it gives the loss that training ended with.
TEST_F(Example, checkpointsAreWeights) {
  const std::string plan = compileExample("2");
  trainBriefly(plan, "8", {"--save", path("save")});
  const double trained = heldOutLoss(out);
  ASSERT_EQ(
      runner({plan, "--eval", "--eval-rows", evalRows, "--weights", path("save/step-000008")}), 0)
      << err;
  EXPECT_EQ(heldOutLoss(out), trained);
  ASSERT_EQ(runner({plan, "--eval", "--eval-rows", evalRows}), 0) << err;
  EXPECT_GT(heldOutLoss(out), trained);
}

} // namespace
} // namespace step37::test
