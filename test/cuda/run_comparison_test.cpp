// The verdicts on GPU runs can fail: each one beside figures just inside and just outside of its
// limits. And the last page of an arena, on the host.
#include "runtime/base/Safetensors.h"
#include "runtime/plan/PlanFile.h"
#include "test/cuda/LastPage.h"
#include "test/runtime/BigramPlan.h"
#include "test/runtime/FileTestSupport.h"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using namespace step37;
using namespace step37::test;

void writeTensors(const std::filesystem::path &path,
                  const std::vector<std::pair<std::string, std::vector<float>>> &tensors) {
  std::vector<safetensors::TensorSpec> specs;
  for (const auto &[name, values] : tensors)
    specs.push_back({name, DType::f32, {1, static_cast<int64_t>(values.size() / 2), 2}});
  safetensors::Writer writer(path, specs);
  for (const auto &[name, values] : tensors)
    writer.write(name, std::as_bytes(std::span(values)));
  writer.commit();
}

class Probe : public testing::Test {
protected:
  /// Golden logits of four tokens are (1, 0) each; the probe's second numbers are `errors`.
  Verdict verdict(const std::vector<float> &errors, float gradient, const ProbeLimits &limits) {
    std::vector<float> golden, actual;
    for (float error : errors) {
      golden.insert(golden.end(), {1, 0});
      actual.insert(actual.end(), {1, error});
    }
    writeTensors(scratch / "golden", {{"logits", golden}});
    writeTensors(scratch / "gradients", {{"good", {1, 2}}, {"bad", {1, 0}}});
    writeTensors(scratch / "probe",
                 {{"logits", actual}, {"grad.good", {1, 2}}, {"grad.bad", {1, gradient}}});
    return compareProbe(scratch / "probe", scratch / "golden", scratch / "gradients", limits);
  }

  TempDir scratch;
};

TEST_F(Probe, EveryLimitCounts) {
  // Errors in norm 0.1, 0.2, 0.3, 0.4: of all sqrt(0.3 / 4) = 0.274.
  const std::vector<float> errors{0.1f, 0.2f, 0.3f, 0.4f};
  const ProbeLimits wide{0.28, 0.31, 0.41, 0.51};
  EXPECT_TRUE(verdict(errors, 0.5f, wide).holds) << verdict(errors, 0.5f, wide).text;
  for (double ProbeLimits::*limit : {&ProbeLimits::logits, &ProbeLimits::median,
                                     &ProbeLimits::ninetieth, &ProbeLimits::gradient}) {
    ProbeLimits narrow = wide;
    narrow.*limit -= 0.02;
    EXPECT_FALSE(verdict(errors, 0.5f, narrow).holds);
  }
  EXPECT_NE(verdict(errors, 0.5f, wide).text.find("worst gradient, bad, 5.00e-01"),
            std::string::npos);
}

TEST_F(Probe, WhatIsNoNumberOrMissingFails) {
  const ProbeLimits wide{10, 10, 10, 10};
  EXPECT_TRUE(verdict({0, 0, 0, 0}, 0, wide).holds);
  EXPECT_FALSE(verdict({0, 0, NAN, 0}, 0, wide).holds);
  EXPECT_FALSE(verdict({0, 0, 0, 0}, NAN, wide).holds);
  writeTensors(scratch / "gradients", {{"missing", {1, 0}}});
  EXPECT_NE(errorOf([&] {
              compareProbe(scratch / "probe", scratch / "golden", scratch / "gradients", wide);
            }).find("grad.missing"),
            std::string::npos);
}

std::string logOf(const std::vector<double> &losses) {
  std::string text;
  for (size_t i = 0; i < losses.size(); ++i)
    text += "{\"step\": " + std::to_string(i + 1) + ", \"loss\": " + std::to_string(losses[i]) +
            ", \"grad_norm\": 1.5, \"lr\": 0.1, \"tokens_per_s\": " + std::to_string(i * 7) + "}\n";
  return text;
}

class Curves : public testing::Test {
protected:
  void write(const std::vector<double> &first, const std::vector<double> &second) {
    writeBytes(scratch / "a", logOf(first));
    writeBytes(scratch / "b", logOf(second));
  }
  TempDir scratch;
};

TEST_F(Curves, AreComparedStepByStep) {
  write({3, 2, 1}, {3, 2.25, 1});
  EXPECT_TRUE(compareCurves(scratch / "a", scratch / "b", 0.26).holds);
  EXPECT_FALSE(compareCurves(scratch / "a", scratch / "b", 0.24).holds);
  EXPECT_NE(compareCurves(scratch / "a", scratch / "b", 1).text.find("in step 2"),
            std::string::npos);
  write({3, 2, 1}, {3, 2});
  EXPECT_FALSE(compareCurves(scratch / "a", scratch / "b", 9).holds);
}

TEST_F(Curves, SameMeansTheLastDigit) {
  write({3, 2, 1}, {3, 2, 1});
  EXPECT_TRUE(sameCurves(scratch / "a", scratch / "b").holds);
  write({3, 2, 1}, {3, 2.000001, 1});
  EXPECT_FALSE(sameCurves(scratch / "a", scratch / "b").holds);
  write({3, 2, 1}, {3, 2});
  EXPECT_FALSE(sameCurves(scratch / "a", scratch / "b").holds);
}

TEST_F(Curves, FallingIsMeasuredByQuarters) {
  write({4, 4, 3, 3, 2, 2, 1, 1}, {4});
  EXPECT_TRUE(fallingCurve(scratch / "a", 2.9).holds);
  EXPECT_FALSE(fallingCurve(scratch / "a", 3.1).holds);
  EXPECT_FALSE(fallingCurve(scratch / "b", 0).holds);
}

TEST(Memory, HeldIsNearPlanned) {
  const TempDir scratch;
  writeBytes(scratch / "printed",
             "a line\nmemory: planned 1000 bytes, held 1015 (+1.50 %)\nlast\n");
  EXPECT_TRUE(memoryHeld(scratch / "printed", 0.016).holds);
  EXPECT_FALSE(memoryHeld(scratch / "printed", 0.014).holds);
  writeBytes(scratch / "printed", "a line\n");
  EXPECT_NE(errorOf([&] { memoryHeld(scratch / "printed", 1); }), "");
}

TEST(LastPage, IsUsedUnlessTheArenaIsTooLarge) {
  const TempDir scratch;
  plan::Plan plan = bigramPlan();
  plan::save(plan, scratch / "model.plan");
  EXPECT_TRUE(lastPageIsUsed(scratch / "model.plan", "host").holds);
  plan.targets[0].arena_bytes += 8192;
  plan::save(plan, scratch / "model.plan");
  EXPECT_FALSE(lastPageIsUsed(scratch / "model.plan", "host").holds);
}

} // namespace
