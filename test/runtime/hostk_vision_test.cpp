// Layer norm, rows against columns, and quick GELU on the host, against formulas in double
// precision; gradients against central differences of these.
#include "test/runtime/HostKernelHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

struct Normed {
  Values y, mean, inverse;
};

Normed normed(const Values &x, const Values &weight, const Values &bias, double eps) {
  Normed out;
  size_t cols = weight.size();
  for (size_t row = 0; row < x.size() / cols; ++row) {
    double mean = 0, variance = 0;
    for (size_t c = 0; c < cols; ++c)
      mean += x[row * cols + c] / double(cols);
    for (size_t c = 0; c < cols; ++c)
      variance += std::pow(x[row * cols + c] - mean, 2) / double(cols);
    out.mean.push_back(mean);
    out.inverse.push_back(1 / std::sqrt(variance + eps));
    for (size_t c = 0; c < cols; ++c)
      out.y.push_back((x[row * cols + c] - mean) * out.inverse.back() * weight[c] + bias[c]);
  }
  return out;
}

class VisionOfType : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(HostVision, VisionOfType, testing::Values(DType::f32, DType::bf16));

TEST_P(VisionOfType, LayerNorm) {
  for (auto [rows, cols] : {std::pair(1, 2), {7, 24}, {130, 45}, {3, 1536}})
    for (double eps : {1e-5, 1e-2}) {
      KernelRun run(spec::LayerNorm{rows, cols, eps, GetParam()});
      run.fill("x", 3).fill("weight").fill("bias").run();
      Normed expected = normed(run.get("x"), run.get("weight"), run.get("bias"), eps);
      expectClose(run.get("y"), expected.y, tolerance(GetParam()), "y");
      expectClose(run.get("mean"), expected.mean, 1e-6, "mean", 1);
      expectClose(run.get("inverse_deviation"), expected.inverse, 2e-6, "inverse_deviation");
    }
}

/// A row far from zero keeps its digits.
TEST(HostVision, LayerNormOfALargeMean) {
  KernelRun run(spec::LayerNorm{1, 4, 1e-5, DType::f32});
  run.set("x", {10001, 10002, 10003, 10004}).set("weight", {1, 1, 1, 1}).set("bias", {0, 0, 0, 0});
  Values expected = normed(run.get("x"), run.get("weight"), run.get("bias"), 1e-5).y;
  expectClose(run.run().get("y"), expected, 1e-6, "y");
}

TEST_P(VisionOfType, LayerNormGradient) {
  for (auto [rows, cols] : {std::pair(3, 5), {70, 4}})
    for (double beta : {0.0, 0.5}) {
      double eps = 1e-3;
      KernelRun run(spec::LayerNormGrad{rows, cols, DType::f32, GetParam()});
      run.fill("dy").fill("x").fill("weight").set("beta", {beta});
      Values dy = run.get("dy"), x = run.get("x"), weight = run.get("weight");
      Values bias(weight.size(), 0.25), before[2];
      Normed forward = normed(x, weight, bias, eps);
      run.set("mean", forward.mean).set("inverse_deviation", forward.inverse);
      for (int i : {0, 1})
        before[i] = beta != 0
                        ? run.fill(i == 0 ? "dweight" : "dbias").get(i == 0 ? "dweight" : "dbias")
                        : Values(weight.size(), 0.0);
      run.run();
      auto loss = [&](const Values &atX, const Values &atWeight, const Values &atBias) {
        return inner(dy, normed(atX, atWeight, atBias, eps).y);
      };
      Values dx = slopes([&](const Values &at) { return loss(at, weight, bias); }, x);
      Values dweight = slopes([&](const Values &at) { return loss(x, at, bias); }, weight);
      Values dbias = slopes([&](const Values &at) { return loss(x, weight, at); }, bias);
      for (size_t c = 0; c < weight.size(); ++c) {
        dweight[c] += beta * before[0][c];
        dbias[c] += beta * before[1][c];
      }
      expectClose(run.get("dx"), dx, 1e-5, "dx");
      expectClose(run.get("dweight"), dweight, tolerance(GetParam()) + 1e-6, "dweight");
      expectClose(run.get("dbias"), dbias, tolerance(GetParam()) + 1e-6, "dbias");
    }
}

TEST_P(VisionOfType, BroadcastRow) {
  for (bool multiply : {false, true})
    for (int64_t cols : {1, 45, 300}) {
      KernelRun run(spec::BroadcastRow{67, cols, multiply, GetParam()});
      run.fill("x").fill("row");
      Values expected = run.get("x"), row = run.get("row");
      for (size_t i = 0; i < expected.size(); ++i) {
        double other = row[i % row.size()];
        expected[i] = multiply ? expected[i] * other : expected[i] + other;
      }
      expectClose(run.run().get("out"), expected, tolerance(GetParam()), "out");
    }
}

TEST_P(VisionOfType, ColumnSums) {
  for (DType gradType : {DType::f32, DType::bf16})
    for (bool product : {false, true})
      for (double beta : {0.0, 0.5})
        for (int64_t rows : {1, 64, 131}) {
          int64_t cols = 300;
          KernelRun run(spec::ColumnSums{rows, cols, product, GetParam(), gradType});
          Values a = run.fill("a").get("a"), b(a.size(), 1.0), expected(size_t(cols), 0.0);
          if (product)
            b = run.fill("b").get("b");
          if (beta != 0)
            expected = run.fill("sums").get("sums");
          run.set("beta", {beta});
          for (double &value : expected)
            value *= beta;
          for (size_t i = 0; i < a.size(); ++i)
            expected[i % size_t(cols)] += a[i] * b[i];
          expectClose(run.run().get("sums"), expected, tolerance(gradType), "sums");
        }
}

double quickGelu(double x) { return x * sigmoid(1.702 * x); }

TEST_P(VisionOfType, QuickGelu) {
  KernelRun run(spec::QuickGelu{1000, GetParam()});
  Values expected = run.fill("x", 3).get("x");
  for (double &value : expected)
    value = quickGelu(value);
  expectClose(run.run().get("out"), expected, tolerance(GetParam()), "out");
}

TEST_P(VisionOfType, QuickGeluGradient) {
  KernelRun run(spec::QuickGeluGrad{1000, GetParam()});
  run.fill("dout").fill("x", 3);
  Values expected = run.get("dout"), x = run.get("x");
  for (size_t i = 0; i < x.size(); ++i)
    expected[i] *= (quickGelu(x[i] + 1e-5) - quickGelu(x[i] - 1e-5)) / 2e-5;
  expectClose(run.run().get("dx"), expected, tolerance(GetParam()), "dx");
}

} // namespace
