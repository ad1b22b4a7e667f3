// The learning rate over a run.
#include "runtime/train/LearningRate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace step37 {
namespace {

TEST(LearningRate, risesLinearlyDuringWarmup) {
  OptimizerOptions options{.lr = 1e-3, .warmup = 4};
  EXPECT_DOUBLE_EQ(learningRate(options, 1, 100), 0.25e-3);
  EXPECT_DOUBLE_EQ(learningRate(options, 3, 100), 0.75e-3);
  EXPECT_DOUBLE_EQ(learningRate(options, 4, 100), 1e-3);
}

TEST(LearningRate, cosineEndsAtMinimum) {
  OptimizerOptions options{.lr = 1e-3, .min_lr = 2e-4, .warmup = 10};
  EXPECT_DOUBLE_EQ(learningRate(options, 60, 110), 2e-4 + 0.8e-3 * (1 + std::cos(M_PI / 2)) / 2);
  EXPECT_DOUBLE_EQ(learningRate(options, 35, 110), 2e-4 + 0.8e-3 * (1 + std::cos(M_PI / 4)) / 2);
  EXPECT_DOUBLE_EQ(learningRate(options, 110, 110), 2e-4);
}

TEST(LearningRate, minimumDefaultsToTenth) {
  OptimizerOptions options{.lr = 3e-3, .warmup = 0};
  EXPECT_DOUBLE_EQ(learningRate(options, 50, 50), 3e-4);
}

TEST(LearningRate, constantStays) {
  OptimizerOptions options{.lr = 1e-3, .warmup = 0, .schedule = Schedule::constant};
  EXPECT_DOUBLE_EQ(learningRate(options, 1, 10), 1e-3);
  EXPECT_DOUBLE_EQ(learningRate(options, 10, 10), 1e-3);
}

TEST(LearningRate, warmupMayBeLongerThanTheRun) {
  OptimizerOptions options{.lr = 1e-3, .warmup = 100};
  EXPECT_DOUBLE_EQ(learningRate(options, 10, 10), 1e-4);
}

} // namespace
} // namespace step37
