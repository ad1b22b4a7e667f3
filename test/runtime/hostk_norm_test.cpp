// RmsNorm and its gradient on the host, against the formula in double precision.
#include "test/runtime/HostKernelHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

struct Normed {
  Values y, inverseRms;
};

Normed normed(const Values &x, const Values &weight, double eps) {
  Normed out;
  size_t cols = weight.size();
  for (size_t row = 0; row < x.size() / cols; ++row) {
    double squares = 0;
    for (size_t c = 0; c < cols; ++c)
      squares += std::pow(x[row * cols + c], 2);
    out.inverseRms.push_back(1 / std::sqrt(squares / double(cols) + eps));
    for (size_t c = 0; c < cols; ++c)
      out.y.push_back(x[row * cols + c] * out.inverseRms.back() * (1 + weight[c]));
  }
  return out;
}

/// Derivatives through the quotient x/rms, entry by entry of its Jacobian.
void normedGrad(const Values &dy, const Values &x, const Values &weight, double eps, Values &dx,
                Values &dweight) {
  size_t cols = weight.size();
  Values r = normed(x, weight, eps).inverseRms;
  dx.assign(x.size(), 0);
  dweight.assign(cols, 0);
  for (size_t row = 0; row < x.size() / cols; ++row)
    for (size_t c = 0; c < cols; ++c) {
      double xc = x[row * cols + c], slope = dy[row * cols + c] * (1 + weight[c]);
      dweight[c] += dy[row * cols + c] * xc * r[row];
      for (size_t j = 0; j < cols; ++j)
        dx[row * cols + j] += slope * ((c == j ? r[row] : 0) -
                                       xc * std::pow(r[row], 3) * x[row * cols + j] / double(cols));
    }
}

class RmsNorm : public testing::TestWithParam<std::tuple<spec::RmsNorm, DType>> {};

TEST_P(RmsNorm, MatchesFormula) {
  auto [spec, type] = GetParam();
  spec.type = type;
  KernelRun run(spec);
  run.fill("weight", 0.5);
  Values sum(size_t(spec.rows * spec.cols));
  for (int64_t i = 0; i < spec.addends; ++i) {
    std::string name = "addend" + std::to_string(i);
    Values addend = run.fill(name, 2).get(name);
    for (size_t j = 0; j < sum.size(); ++j)
      sum[j] += addend[j];
  }
  run.run();
  if (spec.addends > 1) {
    expectClose(run.get("sum"), sum, tolerance(type), "sum");
    sum = run.get("sum"); // y is of the rounded sum
  }
  Normed expected = normed(sum, run.get("weight"), spec.eps);
  expectClose(run.get("y"), expected.y, tolerance(type), "y");
  expectClose(run.get("inverse_rms"), expected.inverseRms, tolerance(DType::f32), "inverse_rms");
}

TEST_P(RmsNorm, GradientMatchesFormula) {
  auto [forward, type] = GetParam();
  for (DType gradType : {DType::f32, DType::bf16})
    for (double beta : {0.0, 0.5}) {
      spec::RmsNormGrad spec{forward.rows, forward.cols, forward.addends - 1,
                             forward.eps,  type,         gradType};
      KernelRun run(spec);
      run.fill("dy").fill("x", 2).fill("weight", 0.5).set("beta", {beta});
      run.set("inverse_rms", normed(run.get("x"), run.get("weight"), spec.eps).inverseRms);
      Values dx, dweight;
      normedGrad(run.get("dy"), run.get("x"), run.get("weight"), spec.eps, dx, dweight);
      for (int64_t i = 0; i < spec.residuals; ++i) {
        std::string name = "residual" + std::to_string(i);
        Values residual = run.fill(name).get(name);
        for (size_t j = 0; j < dx.size(); ++j)
          dx[j] += residual[j];
      }
      if (beta != 0) {
        Values before = run.fill("dweight").get("dweight");
        for (size_t c = 0; c < before.size(); ++c)
          dweight[c] += beta * before[c];
      }
      run.run();
      expectClose(run.get("dx"), dx, tolerance(type), "dx", spec.cols == 1 ? 1 : 0);
      expectClose(run.get("dweight"), dweight, tolerance(gradType), "dweight");
    }
}

/// A frozen weight has no gradient, and that of x is the same.
TEST_P(RmsNorm, GradientWithAFrozenWeight) {
  auto [forward, type] = GetParam();
  Values dx[2];
  for (bool frozen : {false, true}) {
    spec::RmsNormGrad spec{forward.rows, forward.cols, forward.addends - 1, forward.eps, type,
                           DType::f32,   frozen};
    KernelRun run(spec);
    run.fill("dy").fill("x", 2).fill("weight", 0.5).fill("inverse_rms");
    for (int64_t i = 0; i < spec.residuals; ++i)
      run.fill("residual" + std::to_string(i));
    if (!frozen)
      run.set("beta", {0});
    dx[frozen] = run.run().get("dx");
  }
  EXPECT_EQ(dx[1], dx[0]);
}

INSTANTIATE_TEST_SUITE_P(HostKernel, RmsNorm,
                         testing::Combine(testing::Values(spec::RmsNorm{1, 1, 1, 1e-5},
                                                          spec::RmsNorm{7, 24, 2, 1e-6},
                                                          spec::RmsNorm{65, 33, 3, 1e-5},
                                                          spec::RmsNorm{130, 300, 1, 1e-3}),
                                          testing::Values(DType::f32, DType::bf16)));

TEST(HostKernel, RmsNormIsZeroCentred) {
  KernelRun run(spec::RmsNorm{1, 3, 1, 1e-5, DType::f32});
  run.set("addend0", {1, 2, 4}).set("weight", {0, -0.5, 0.5}).run();
  expectClose(run.get("y"), {.3779642030, .3779642030, 2.2677852182}, 1e-7, "y");
}

TEST(HostKernel, RmsNormGradientMatchesDifferences) {
  spec::RmsNormGrad spec{3, 5, 0, 1e-3, DType::f32, DType::f32};
  KernelRun run(spec);
  run.fill("dy").fill("x").fill("weight", 0.5).set("beta", {0});
  Values dy = run.get("dy"), x = run.get("x"), weight = run.get("weight");
  run.set("inverse_rms", normed(x, weight, spec.eps).inverseRms).run();
  auto ofX = [&](const Values &at) { return inner(dy, normed(at, weight, spec.eps).y); };
  auto ofWeight = [&](const Values &at) { return inner(dy, normed(x, at, spec.eps).y); };
  expectClose(run.get("dx"), slopes(ofX, x), 1e-6, "dx");
  expectClose(run.get("dweight"), slopes(ofWeight, weight), 1e-6, "dweight");
}

} // namespace
