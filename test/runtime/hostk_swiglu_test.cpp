// Swiglu and its gradient on the host: both places of the clamp, and what happens exactly at its
// edges.
#include "test/runtime/HostKernelHarness.h"

namespace {

using namespace step37;
using namespace step37::test;
using spec::ClampPosition;

struct Case {
  int64_t rows, cols, gap;
  double limit;
  ClampPosition clamp;
};

double silu(double x) { return x * sigmoid(x); }

double reference(const Case &c, double gate, double up) {
  if (c.limit == 0)
    return silu(gate) * up;
  double clampedUp = std::clamp(up, -c.limit, c.limit);
  return c.clamp == ClampPosition::afterSilu ? std::min(silu(gate), c.limit) * clampedUp
                                             : silu(std::min(gate, c.limit)) * clampedUp;
}

class Swiglu : public testing::TestWithParam<std::tuple<Case, DType>> {};

TEST_P(Swiglu, MatchesFormula) {
  auto [c, type] = GetParam();
  spec::Swiglu spec{c.rows, c.cols, c.cols + c.gap, c.cols + 2 * c.gap, c.limit, c.clamp, type};
  KernelRun run(spec);
  run.fill("gate", 5).fill("up", 5).run();
  Values gate = run.matrix("gate", c.rows, c.cols, spec.gate_stride);
  Values up = run.matrix("up", c.rows, c.cols, spec.up_stride), expected;
  for (size_t i = 0; i < gate.size(); ++i)
    expected.push_back(reference(c, gate[i], up[i]));
  expectClose(run.get("out"), expected, tolerance(type), "out");
}

TEST_P(Swiglu, GradientMatchesDifferences) {
  auto [c, type] = GetParam();
  spec::SwigluGrad spec{c.rows,
                        c.cols,
                        c.cols + c.gap,
                        c.cols + 2 * c.gap,
                        c.cols + 3 * c.gap,
                        c.cols + c.gap,
                        c.limit,
                        c.clamp,
                        type};
  KernelRun run(spec);
  run.fill("dout").fill("gate", 5).fill("up", 5).run();
  Values gate = run.matrix("gate", c.rows, c.cols, spec.gate_stride);
  Values up = run.matrix("up", c.rows, c.cols, spec.up_stride), dout = run.get("dout");
  Values dgate, dup;
  double step = 1e-6;
  for (size_t i = 0; i < gate.size(); ++i) {
    auto slope = [&](double dg, double du) {
      return dout[i] *
             (reference(c, gate[i] + dg, up[i] + du) - reference(c, gate[i] - dg, up[i] - du)) /
             (2 * step);
    };
    dgate.push_back(slope(step, 0));
    dup.push_back(slope(0, step));
  }
  expectClose(run.matrix("dgate", c.rows, c.cols, spec.dgate_stride), dgate, tolerance(type),
              "dgate");
  expectClose(run.matrix("dup", c.rows, c.cols, spec.dup_stride), dup, tolerance(type), "dup");
}

// No limit is a bf16 value: at one, differences would see half a slope.
INSTANTIATE_TEST_SUITE_P(
    HostKernel, Swiglu,
    testing::Combine(testing::Values(Case{1, 1, 0, 0, ClampPosition::afterSilu},
                                     Case{7, 24, 24, 7.01, ClampPosition::afterSilu},
                                     Case{33, 300, 5, 7.01, ClampPosition::beforeSilu},
                                     Case{65, 257, 0, 1.499, ClampPosition::afterSilu},
                                     Case{900, 20, 1, 0, ClampPosition::beforeSilu}),
                     testing::Values(DType::f32, DType::bf16)));

Values activated(ClampPosition clamp, const Values &gate) {
  auto count = int64_t(gate.size());
  KernelRun run(spec::Swiglu{1, count, count, count, 7, clamp, DType::f32});
  return run.set("gate", gate).set("up", Values(gate.size(), 1)).run().get("out");
}

TEST(HostKernel, SwigluClampOfSeven) {
  expectClose(activated(ClampPosition::afterSilu, {6.9, 7.005, 7.0064, 50}),
              {6.893053, 6.998650, 7, 7}, 1e-7, "after SiLU");
  expectClose(activated(ClampPosition::beforeSilu, {6.9, 7.005, 7.0064, 50}),
              {6.893053, 6.993623, 6.993623, 6.993623}, 1e-7, "before SiLU");
}

TEST(HostKernel, SwigluClampPassesTheGradientAtEquality) {
  auto grad = [](ClampPosition clamp, double limit, const Values &gate, const Values &up,
                 const std::string &which) {
    auto n = int64_t(gate.size());
    KernelRun run(spec::SwigluGrad{1, n, n, n, n, n, limit, clamp, DType::f32});
    run.set("dout", Values(gate.size(), 1)).set("gate", gate).set("up", up).run();
    return run.get(which);
  };
  double below = std::nextafterf(7.0f, 0.0f), above = std::nextafterf(7.0f, 8.0f);
  for (ClampPosition clamp : {ClampPosition::afterSilu, ClampPosition::beforeSilu})
    expectClose(grad(clamp, 7, Values(6, 1), {7, -7, above, -above, below, -below}, "dup"),
                {silu(1), silu(1), 0, 0, silu(1), silu(1)}, 1e-6, "dup");
  double slope = sigmoid(7) * (1 + 7 * (1 - sigmoid(7)));
  expectClose(grad(ClampPosition::beforeSilu, 7, {7, above, below}, {1, 1, 1}, "dgate"),
              {slope, 0, slope}, 1e-6, "dgate before SiLU");
  // After SiLU: a limit that the float SiLU of 3 is exactly, and one just below it.
  auto n = int64_t(1);
  KernelRun run(spec::Swiglu{1, n, n, n, 0, ClampPosition::afterSilu, DType::f32});
  double at = run.set("gate", {3}).set("up", {1}).run().get("out")[0];
  double slope3 = sigmoid(3) * (1 + 3 * (1 - sigmoid(3)));
  expectClose(grad(ClampPosition::afterSilu, at, {3}, {1}, "dgate"), {slope3}, 1e-6, "dgate");
  double less = std::nextafterf(float(at), 0.0f);
  EXPECT_EQ(grad(ClampPosition::afterSilu, less, {3}, {1}, "dgate"), Values{0});
}

TEST(HostKernel, SwigluKeepsExtremes) {
  KernelRun run(spec::Swiglu{1, 4, 4, 4, 0, ClampPosition::afterSilu, DType::f32});
  run.set("gate", {-1000, -80, 1000, NAN}).set("up", Values(4, 1)).run();
  Values out = run.get("out");
  EXPECT_EQ(out[0], 0);
  EXPECT_NEAR(out[1] / silu(-80), 1, 1e-5);
  EXPECT_EQ(out[2], 1000);
  EXPECT_TRUE(std::isnan(out[3]));
}

} // namespace
