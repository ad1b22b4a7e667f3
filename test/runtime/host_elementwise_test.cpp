// Host twins of the element-wise kernels, the sums, AdamW, TakeRows, CopyColumns and RopeTable
// against double precision.
#include "runtime/exec/host/Elements.h"
#include "test/runtime/HostKernelHarness.h"
#include "test/runtime/HostTolerance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace {

using namespace step37;
using namespace step37::test;

const std::vector<DType> types{DType::f32, DType::bf16};
const std::vector<std::pair<DType, DType>> gradTypes{
    {DType::f32, DType::f32}, {DType::bf16, DType::f32}, {DType::bf16, DType::bf16}};
const std::vector<int64_t> counts{1, 3, 17, 65, 130, 16384, 40001};

/// What a buffer of this type keeps of a value.
double stored(double value, DType type) {
  return type == DType::bf16 ? host::rounded<host::BFloat16>(float(value)) : float(value);
}

TEST(HostAdd, SumsInOrder) {
  for (DType type : types)
    for (int64_t count : counts)
      for (int64_t addends : {1, 2, 3, 5}) {
        KernelRun run(spec::Add{count, addends, type});
        for (int64_t a = 0; a < addends; ++a)
          run.fill("addend" + std::to_string(a));
        std::vector<float> sums(static_cast<size_t>(count));
        run.run();
        for (int64_t a = 0; a < addends; ++a) {
          Values addend = run.get("addend" + std::to_string(a));
          for (size_t i = 0; i < sums.size(); ++i)
            sums[i] += float(addend[i]);
        }
        Values out = run.get("out");
        for (size_t i = 0; i < out.size(); ++i)
          ASSERT_EQ(out[i], stored(sums[i], type)) << count << " " << addends;
      }
}

TEST(HostFill, EveryElement) {
  for (int64_t count : counts)
    EXPECT_EQ(KernelRun(spec::Fill{count, -0.5}).run().get("out"), Values(size_t(count), -0.5));
}

TEST(HostAccumulateGradient, ScalesAndAdds) {
  for (auto [type, gradType] : gradTypes)
    for (int64_t count : counts)
      for (double beta : {0.0, 1.0, 0.25}) {
        KernelRun run(spec::AccumulateGradient{count, type, gradType});
        run.fill("value").set("beta", {beta});
        if (beta != 0)
          run.fill("grad");
        Values old = run.get("grad"), value = run.get("value"), grad = run.run().get("grad");
        for (size_t i = 0; i < grad.size(); ++i)
          expectNear(grad[i], value[i] + (beta == 0 ? 0 : beta * old[i]), gradType, 2);
      }
}

TEST(HostReduceSum, MatchesDouble) {
  for (int64_t count : counts) {
    KernelRun run(spec::ReduceSum{count});
    double expected = 0;
    for (double value : run.fill("values").run().get("values"))
      expected += value;
    EXPECT_NEAR(run.get("total")[0], expected, std::abs(expected) * 1e-7);
  }
}

TEST(HostSumOfSquares, SumsBlocks) {
  constexpr int64_t block = spec::SumOfSquares::block;
  for (DType type : types)
    for (int64_t count :
         {int64_t(1), int64_t(17), int64_t(1025), block - 1, block, block + 1, 3 * block + 70}) {
      KernelRun run(spec::SumOfSquares{count, type});
      Values x = run.fill("x").run().get("x"), partial = run.get("partial");
      for (int64_t b = 0; b < int64_t(partial.size()); ++b) {
        double expected = 0;
        for (int64_t i = b * block; i < std::min(count, (b + 1) * block); ++i)
          expected += x[size_t(i)] * x[size_t(i)];
        EXPECT_NEAR(partial[size_t(b)], expected, expected * 1e-6);
      }
    }
}

TEST(HostGlobalNorm, NormAndClip) {
  auto normAndClip = [](double maxNorm) {
    KernelRun run(spec::GlobalNorm{{3, 1}});
    run.set("partials0", {1, 2, 3}).set("partials1", {10}).set("max_norm", {maxNorm}).run();
    return std::pair{run.get("norm")[0], run.get("clip")[0]};
  };
  EXPECT_EQ(normAndClip(1), (std::pair{4.0, double(float(1 / (4 + 1e-6)))}));
  EXPECT_EQ(normAndClip(5), (std::pair{4.0, 1.0}));
  EXPECT_EQ(normAndClip(0), (std::pair{4.0, 1.0}));
  EXPECT_EQ(normAndClip(-1), (std::pair{4.0, 1.0}));
}

TEST(HostGlobalNorm, ANormThatIsNotFiniteClipsToZero) {
  for (double partial : {double(INFINITY), double(NAN)})
    for (double maxNorm : {1.0, 0.0}) {
      KernelRun run(spec::GlobalNorm{{2}});
      run.set("partials0", {1, partial}).set("max_norm", {maxNorm}).run();
      EXPECT_FALSE(std::isfinite(run.get("norm")[0]));
      EXPECT_EQ(run.get("clip")[0], 0);
    }
}

struct AdamWSlots {
  double learningRate, beta1, beta2, eps, weightDecay, correction1, correction2;
};

void setAdamW(KernelRun<spec::AdamW> &run, const AdamWSlots &slots) {
  run.set("learning_rate", {slots.learningRate}).set("beta1", {slots.beta1});
  run.set("beta2", {slots.beta2}).set("eps", {slots.eps});
  run.set("weight_decay", {slots.weightDecay});
  run.set("correction1", {slots.correction1}).set("correction2", {slots.correction2});
}

TEST(HostAdamW, ClipZeroChangesNothing) {
  for (DType type : types) {
    KernelRun run(spec::AdamW{3, true, type != DType::f32, type, DType::f32});
    run.set("grad", {NAN, 1, INFINITY}).set("master", {1, 2, 3}).set("m", {4, 5, 6});
    run.set("v", {7, 8, 9}).set("clip", {0});
    setAdamW(run, {0.1, 0.9, 0.95, 1e-8, 0.1, 0.1, 0.05});
    run.run();
    EXPECT_EQ(run.get("master"), (Values{1, 2, 3}));
    EXPECT_EQ(run.get("m"), (Values{4, 5, 6}));
    EXPECT_EQ(run.get("v"), (Values{7, 8, 9}));
  }
}

void checkAdamW(int64_t count, bool decay, bool copy, DType type, DType gradType) {
  constexpr double rate = 1e-2, beta1 = 0.9, beta2 = 0.95, eps = 1e-6, weightDecay = 0.1;
  constexpr double clip = 0.75, c1 = 1 - beta1 * beta1, c2 = 1 - beta2 * beta2;
  KernelRun run(spec::AdamW{count, decay, copy, type, gradType});
  run.fill("grad").fill("master").fill("m").fill("v");
  Values squares = run.get("v");
  for (double &square : squares)
    square *= square;
  run.set("v", squares).set("clip", {clip});
  setAdamW(run, {rate, beta1, beta2, eps, weightDecay, c1, c2});
  Values grad = run.get("grad"), master = run.get("master"), m = run.get("m"), v = run.get("v");
  run.run();
  Values newMaster = run.get("master"), newM = run.get("m"), newV = run.get("v");
  for (size_t i = 0; i < grad.size(); ++i) {
    double g = clip * grad[i];
    double first = beta1 * m[i] + (1 - beta1) * g;
    double second = beta2 * v[i] + (1 - beta2) * g * g;
    double step = rate * (first / c1) / (std::sqrt(second / c2) + eps);
    double kept = master[i] * (1 - (decay ? rate * weightDecay : 0));
    expectNear(newM[i], first, DType::f32, 1 + std::abs(first));
    expectNear(newV[i], second, DType::f32, 1 + second);
    expectNear(newMaster[i], kept - step, DType::f32, 1 + std::abs(kept) + std::abs(step));
  }
  if (copy) {
    Values param = run.get("param");
    for (size_t i = 0; i < param.size(); ++i)
      ASSERT_EQ(param[i], stored(newMaster[i], type));
  }
}

TEST(HostAdamW, OneStep) {
  for (auto [type, gradType] : gradTypes)
    for (bool decay : {false, true})
      for (int64_t count : counts) {
        checkAdamW(count, decay, true, type, gradType);
        if (type == DType::f32)
          checkAdamW(count, decay, false, type, gradType);
      }
}

TEST(HostTakeRows, ChunksAndTheLastRow) {
  constexpr int64_t total = 17, rows = 5;
  for (DType type : types)
    for (int64_t cols : {1, 3, 65})
      for (int64_t chunk : {0, 1, 3, 4}) {
        KernelRun run(spec::TakeRows{total, rows, cols, type});
        Values x = run.fill("x").set("chunk", {double(chunk)}).run().get("x"), out = run.get("out");
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t c = 0; c < cols; ++c)
            EXPECT_EQ(out[size_t(i * cols + c)],
                      x[size_t(std::min(chunk * rows + i, total - 1) * cols + c)]);
      }
}

TEST(HostCopyColumns, RangesOfMatrices) {
  constexpr int64_t rows = 7;
  for (DType type : types)
    for (int64_t cols : {1, 3, 65})
      for (int64_t from : {0, 5})
        for (int64_t to : {0, 3}) {
          KernelRun run(spec::CopyColumns{rows, cols, cols + from, cols + to, type});
          run.fill("x").run();
          EXPECT_EQ(run.matrix("out", rows, cols, cols + to),
                    run.matrix("x", rows, cols, cols + from));
        }
}

TEST(HostRopeTable, CosinesThenSines) {
  const std::vector<double> frequencies{1.0, 0.1, 0.0031622776};
  constexpr int64_t positions = 1500;
  Values table = KernelRun(spec::RopeTable{positions, frequencies}).run().get("table");
  for (size_t p = 0; p < positions; ++p)
    for (size_t i = 0; i < 3; ++i) {
      double angle = float(p) * float(frequencies[i]);
      expectNear(table[p * 6 + i], std::cos(angle), DType::f32, 0.1);
      expectNear(table[p * 6 + 3 + i], std::sin(angle), DType::f32, 0.1);
    }
}

} // namespace
