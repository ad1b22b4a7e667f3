// Host twins of Gemm, GroupedGemm and GroupedGemmGrad against sums in double precision.
#include "test/runtime/HostKernelHarness.h"
#include "test/runtime/HostTolerance.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>

namespace {

using namespace step37;
using namespace step37::test;

/// A matrix inside an argument's values.
struct View {
  const Values &values;
  int64_t stride;
  bool transposed = false;
  int64_t begin = 0;

  double operator()(int64_t row, int64_t col) const {
    return values[size_t(begin + (transposed ? col * stride + row : row * stride + col))];
  }
};

struct Sum {
  double value = 0, magnitude = 0;

  void add(double term) {
    value += term;
    magnitude += std::abs(term);
  }
};

/// Sum of a(i,l)·b(l,j) over l < k, and beta·old unless beta is 0.
Sum product(const View &a, const View &b, int64_t i, int64_t j, int64_t k, double beta = 0,
            double old = 0) {
  Sum sum;
  for (int64_t l = 0; l < k; ++l)
    sum.add(a(i, l) * b(l, j));
  if (beta != 0)
    sum.add(beta * old);
  return sum;
}

void checkGemm(const spec::Gemm &gemm, double beta = 0) {
  SCOPED_TRACE(testing::Message() << gemm.m << "x" << gemm.n << "x" << gemm.k << " "
                                  << gemm.transpose_a << gemm.transpose_b << " "
                                  << name(gemm.a_type) << name(gemm.b_type) << name(gemm.c_type)
                                  << " beta " << beta);
  KernelRun run(gemm);
  run.fill("a").fill("b");
  if (gemm.accumulate)
    run.set("beta", {beta});
  if (beta != 0)
    run.fill("c");
  Values a = run.get("a"), b = run.get("b"), old = run.get("c"), c = run.run().get("c");
  for (int64_t i = 0; i < gemm.m; ++i) {
    for (int64_t j = 0; j < gemm.n; ++j) {
      size_t at = size_t(i * gemm.c_stride + j);
      Sum sum = product({a, gemm.a_stride, gemm.transpose_a}, {b, gemm.b_stride, gemm.transpose_b},
                        i, j, gemm.k, beta, old[at]);
      expectNear(c[at], sum.value, gemm.c_type, sum.magnitude, double(gemm.k));
    }
    if (i + 1 == gemm.m)
      break; // nothing follows the last row
    for (int64_t j = gemm.n; j < gemm.c_stride; ++j) {
      size_t at = size_t(i * gemm.c_stride + j);
      EXPECT_TRUE(c[at] == old[at] || (std::isnan(c[at]) && std::isnan(old[at])));
    }
  }
}

/// Contiguous rows, or rows with a gap behind them, a different one for each matrix.
spec::Gemm gemmOf(int64_t m, int64_t n, int64_t k, bool transposeA, bool transposeB, DType type,
                  int64_t gap = 0) {
  spec::Gemm gemm{m, n, k, transposeA, transposeB};
  gemm.a_stride = (transposeA ? m : k) + gap;
  gemm.b_stride = (transposeB ? k : n) + 2 * gap;
  gemm.c_stride = n + 3 * gap;
  gemm.a_type = gemm.b_type = gemm.c_type = type;
  return gemm;
}

TEST(HostGemm, OddSizesAndTransposes) {
  for (DType type : {DType::f32, DType::bf16})
    for (bool transposeA : {false, true})
      for (bool transposeB : {false, true}) {
        for (auto [m, n, k] : {std::array{1, 1, 1}, std::array{1, 130, 17}, std::array{17, 3, 65},
                               std::array{65, 17, 3}, std::array{130, 65, 17},
                               std::array{3, 1, 130}, std::array{257, 33, 40}})
          checkGemm(gemmOf(m, n, k, transposeA, transposeB, type));
        checkGemm(gemmOf(65, 17, 130, transposeA, transposeB, type, 5));
      }
}

TEST(HostGemm, SumsDeeperThanAPanel) {
  for (bool transposed : {false, true})
    for (DType type : {DType::f32, DType::bf16})
      checkGemm(gemmOf(17, 19, 1300, transposed, !transposed, type, 3));
}

TEST(HostGemm, MixedTypesAndBeta) {
  for (DType a : {DType::f32, DType::bf16})
    for (DType b : {DType::f32, DType::bf16})
      for (DType c : {DType::f32, DType::bf16}) {
        spec::Gemm gemm = gemmOf(70, 34, 600, true, false, DType::f32, 1);
        gemm.a_type = a, gemm.b_type = b, gemm.c_type = c;
        checkGemm(gemm);
        gemm.accumulate = true;
        for (double beta : {0.0, 1.0, 0.5})
          checkGemm(gemm, beta);
      }
}

const std::vector<std::vector<int>> groupSizes{
    {5}, {0, 7, 0, 0, 1}, {130, 0, 3, 65, 17}, {0, 0, 300}, {33, 0}};

/// First row of each group, then the number of rows.
std::vector<int> offsetsOf(const std::vector<int> &sizes) {
  std::vector<int> offsets(sizes.size() + 1);
  std::partial_sum(sizes.begin(), sizes.end(), offsets.begin() + 1);
  return offsets;
}

/// Random rows of `cols` columns for all groups, then NaN: those must not be read.
Values groupRows(int64_t rows, int64_t unused, int64_t cols) {
  std::mt19937 random{unsigned(cols)};
  std::normal_distribution<double> normal;
  Values values(size_t((rows + unused) * cols), NAN);
  for (size_t i = 0; i < size_t(rows * cols); ++i)
    values[i] = normal(random);
  return values;
}

/// Rows behind the last group's.
constexpr int64_t unusedRows = 3;

void checkGroupedGemm(const std::vector<int> &sizes, int64_t n, int64_t k, bool transposeB,
                      DType type) {
  std::vector<int> offsets = offsetsOf(sizes);
  int64_t groups = int64_t(sizes.size()), used = offsets.back();
  KernelRun run(spec::GroupedGemm{groups, used + unusedRows, n, k, transposeB, type});
  run.set("x", groupRows(used, unusedRows, k)).fill("w").setIntegers("offsets", offsets).run();
  Values x = run.get("x"), w = run.get("w"), out = run.get("out");
  for (int64_t group = 0; group < groups; ++group)
    for (int64_t row = offsets[size_t(group)]; row < offsets[size_t(group) + 1]; ++row)
      for (int64_t j = 0; j < n; ++j) {
        Sum sum = product({x, k}, {w, transposeB ? k : n, transposeB, group * n * k}, row, j, k);
        expectNear(out[size_t(row * n + j)], sum.value, type, sum.magnitude, double(k));
      }
  EXPECT_EQ(Values(out.begin() + long(used * n), out.end()), Values(size_t(unusedRows * n), 0));
}

TEST(HostGroupedGemm, MatchesSums) {
  for (DType type : {DType::f32, DType::bf16})
    for (bool transposeB : {true, false})
      for (const std::vector<int> &sizes : groupSizes) {
        checkGroupedGemm(sizes, 65, 17, transposeB, type);
        checkGroupedGemm(sizes, 3, 600, transposeB, type);
        checkGroupedGemm(sizes, 130, 1, transposeB, type);
      }
}

/// Exactly GroupedGemm and Swiglu of its halves.
TEST(HostGroupedSwiglu, IsItsTwoParts) {
  constexpr int64_t n = 37, k = 65;
  for (DType type : {DType::f32, DType::bf16})
    for (auto clamp : {spec::ClampPosition::afterSilu, spec::ClampPosition::beforeSilu})
      for (const std::vector<int> &sizes : groupSizes) {
        std::vector<int> offsets = offsetsOf(sizes);
        int64_t groups = int64_t(sizes.size()), used = offsets.back(), rows = used + unusedRows;
        KernelRun fused(spec::GroupedSwiglu{groups, rows, n, k, 1.5, clamp, type});
        KernelRun product(spec::GroupedGemm{groups, rows, 2 * n, k, true, type});
        KernelRun activation(spec::Swiglu{rows, n, 2 * n, 2 * n, 1.5, clamp, type});
        Values x = groupRows(used, unusedRows, k);
        fused.set("x", x).fill("w").setIntegers("offsets", offsets).run();
        product.set("x", x).set("w", fused.get("w")).setIntegers("offsets", offsets).run();
        Values packed = product.get("out");
        EXPECT_EQ(fused.get("gate_up"), packed);
        activation.set("gate", {packed.begin(), packed.end() - n});
        activation.set("up", {packed.begin() + n, packed.end()});
        EXPECT_EQ(fused.get("out"), activation.run().get("out"));
      }
}

void checkGroupedGemmGrad(const std::vector<int> &sizes, DType type, DType gradType, double beta) {
  constexpr int64_t m = 65, n = 18;
  std::vector<int> offsets = offsetsOf(sizes);
  int64_t groups = int64_t(sizes.size());
  KernelRun run(spec::GroupedGemmGrad{groups, offsets.back() + unusedRows, m, n, type, gradType});
  run.set("a", groupRows(offsets.back(), unusedRows, m));
  run.set("b", groupRows(offsets.back(), unusedRows, n));
  run.setIntegers("offsets", offsets).set("beta", {beta});
  if (beta != 0)
    run.fill("dw");
  Values a = run.get("a"), b = run.get("b"), old = run.get("dw"), dw = run.run().get("dw");
  for (int64_t group = 0; group < groups; ++group) {
    int64_t first = offsets[size_t(group)], count = sizes[size_t(group)];
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        size_t at = size_t((group * m + i) * n + j);
        Sum sum =
            product({a, m, true, first * m}, {b, n, false, first * n}, i, j, count, beta, old[at]);
        expectNear(dw[at], sum.value, gradType, sum.magnitude, double(count + 1));
      }
  }
}

TEST(HostGroupedGemmGrad, MatchesSums) {
  for (auto [type, gradType] :
       {std::pair{DType::f32, DType::f32}, std::pair{DType::bf16, DType::f32},
        std::pair{DType::bf16, DType::bf16}})
    for (const std::vector<int> &sizes : groupSizes)
      for (double beta : {0.0, 1.0, 0.5})
        checkGroupedGemmGrad(sizes, type, gradType, beta);
}

/// Poisoned before, groups without rows keep every bit with beta 1 and become zeros with beta 0.
TEST(HostGroupedGemmGrad, GroupsWithoutRows) {
  constexpr int64_t groups = 3, rows = 4, m = 65, n = 18;
  for (DType gradType : {DType::f32, DType::bf16})
    for (double beta : {0.0, 1.0}) {
      KernelRun run(spec::GroupedGemmGrad{groups, rows, m, n, DType::bf16, gradType});
      run.fill("a").fill("b").setIntegers("offsets", std::vector<int64_t>{0, 0, rows, rows});
      run.fill("dw").set("beta", {beta});
      constexpr size_t dw = 4;
      const int64_t each = m * n * byteSize(gradType);
      // A NaN that changes when it is computed with.
      const uint32_t signalling = gradType == DType::f32 ? 0xff800001u : 0xff81u;
      for (const int64_t group : {0, 2})
        for (int64_t i = 0; i < m * n; ++i)
          std::memcpy(run.contents()[dw].data() + group * each + i * byteSize(gradType),
                      &signalling, size_t(byteSize(gradType)));
      const std::vector<std::byte> before = run.contents()[dw];
      run.run();
      const std::vector<std::byte> &after = run.contents()[dw];
      const std::vector<std::byte> zeros(size_t(each), std::byte{0});
      for (const int64_t group : {0, 2})
        EXPECT_TRUE(std::equal(after.begin() + group * each, after.begin() + (group + 1) * each,
                               beta == 0 ? zeros.begin() : before.begin() + group * each))
            << "group " << group << ", beta " << beta;
      EXPECT_FALSE(
          std::equal(after.begin() + each, after.begin() + 2 * each, before.begin() + each))
          << "the group with rows";
    }
}

} // namespace
