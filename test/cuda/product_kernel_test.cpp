// GPU kernels of dense products against their host twins. Of grouped ones:
// grouped_gemm_kernel_test.cpp.
#include "test/cuda/GpuHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

constexpr DType types[] = {DType::f32, DType::bf16};

GpuCase<spec::Gemm> filledGemm(spec::Gemm spec, double beta) {
  spec.accumulate = beta != 0;
  GpuCase gpu(spec);
  gpu.fillLarge("a").fillLarge("b");
  if (spec.accumulate)
    gpu.fillLarge("c").setSlot("beta", beta);
  return gpu;
}

void checkGemm(const spec::Gemm &spec, double beta) { filledGemm(spec, beta).check(); }

/// Every transposition, with `gap` columns between the rows.
void checkGemms(int64_t m, int64_t n, int64_t k, int64_t gap, DType a, DType b, DType c) {
  for (bool transposeA : {false, true})
    for (bool transposeB : {false, true})
      checkGemm({m, n, k, transposeA, transposeB, (transposeA ? m : k) + gap,
                 (transposeB ? k : n) + gap, n + gap, a, b, c, false, 0},
                transposeA ? 0.5 : 0);
}

TEST(Gemm, Small) {
  for (DType a : types)
    for (DType b : types)
      for (DType c : types) {
        checkGemms(1, 1, 1, 0, a, b, c);
        checkGemms(65, 37, 33, 3, a, b, c);
      }
  checkGemms(130, 70, 100, 0, DType::bf16, DType::f32, DType::f32);
}

TEST(Gemm, BetaZeroDoesNotRead) {
  GpuCase gpu(spec::Gemm{5, 6, 7, false, true, 7, 7, 6, DType::bf16, DType::f32, DType::f32, true});
  gpu.fillLarge("a").fillLarge("b").setSlot("beta", 0).check();
}

/// Tensor cores multiply f32 operands in three parts. `shares` blocks to a tile; an f32 operand has
/// `gap` columns between its rows.
void checkParts(spec::Gemm spec, int64_t shares, double beta) {
  spec.workspace_bytes = spec::productWorkspace(spec);
  if (shares > 1)
    spec.workspace_bytes += shares * 4 * spec.m * ((spec.n + 7) / 8 * 8);
  ASSERT_EQ(spec::chooseCudaKernel(spec).kernel.variant.name, "wgmma");
  ASSERT_EQ(spec::chooseCudaKernel(spec).kernel.stages().size(), shares > 1 ? 3u : 2u);
  GpuCase gpu = filledGemm(spec, beta);
  if (spec.c_type == DType::f32)
    gpu.allow("c", 1e-6); // two parts would be further off
  gpu.check();
}

void checkParts(int64_t m, int64_t n, int64_t k, int64_t gap, DType a, DType b, DType c,
                bool transposeA, bool transposeB) {
  for (int64_t shares : {1, 3})
    checkParts({m, n, k, transposeA, transposeB, (transposeA ? m : k) + (a == DType::f32 ? gap : 0),
                (transposeB ? k : n) + (b == DType::f32 ? gap : 0), n + gap, a, b, c},
               shares, shares > 1 ? 0.5 : 0);
}

/// Type of the result, transpositions.
class GemmParts : public testing::TestWithParam<std::tuple<DType, bool, bool>> {};

TEST_P(GemmParts, All) {
  auto [c, transposeA, transposeB] = GetParam();
  checkParts(264, 136, 200, 0, DType::f32, DType::bf16, c, transposeA, transposeB);
  checkParts(264, 136, 200, 5, DType::bf16, DType::f32, c, transposeA, transposeB);
  checkParts(131, 77, 197, 3, DType::f32, DType::f32, c, transposeA, transposeB);
}
INSTANTIATE_TEST_SUITE_P(Gemm, GemmParts,
                         testing::Combine(testing::ValuesIn(types), testing::Bool(),
                                          testing::Bool()));

TEST(Gemm, PartsOfOddLengths) {
  checkParts({133, 72, 201, true, false, 133, 72, 72, DType::f32, DType::bf16, DType::f32}, 2, 1);
  checkParts({135, 45, 264, false, true, 264, 264, 45, DType::bf16, DType::f32, DType::f32}, 1, 0);
  checkParts({1, 8, 1, false, false, 1, 8, 8, DType::f32, DType::bf16, DType::bf16}, 1, 0);
}

TEST(Gemm, PartsOfWhatIsTinyOrInfinite) {
  spec::Gemm spec{8, 8, 64, false, true, 64, 64, 8, DType::f32, DType::bf16, DType::f32};
  spec.workspace_bytes = spec::productWorkspace(spec);
  GpuCase gpu = filledGemm(spec, 0);
  std::vector<double> a(size_t(spec.m * spec.k), 1.2345678e-33);
  a[5] = INFINITY;
  gpu.set("a", a);
  gpu.check();
}

/// The bytes that a tile may read beyond an operand's rows belong to others.
TEST(Gemm, PartsNeedWholeRows) {
  spec::Gemm gaps{64, 64, 64, false, true, 64, 72, 64, DType::f32, DType::bf16, DType::f32};
  spec::Gemm odd{64, 64, 60, false, true, 60, 60, 64, DType::f32, DType::bf16, DType::f32};
  spec::Gemm none{64, 64, 64, false, true, 64, 64, 64, DType::f32, DType::bf16, DType::f32};
  for (const spec::Gemm &spec : {gaps, odd, none})
    EXPECT_EQ(spec::chooseCudaKernel(spec).kernel.variant.name, "generic");
}

TEST(Gemm, PublishedRouter) {
  for (int64_t experts : {36, 288}) {
    auto check = [](spec::Gemm spec, double beta) {
      spec.accumulate = beta != 0;
      spec.workspace_bytes = spec::productWorkspace(spec);
      checkGemm(spec, beta);
    };
    check({8192, experts, 4096, false, true, 4096, 4096, experts, DType::bf16, DType::f32,
           DType::f32},
          0);
    check({experts, 4096, 8192, true, false, experts, 4096, 4096, DType::f32, DType::bf16,
           DType::f32},
          1);
    for (DType weight : types)
      check(
          {8192, 4096, experts, false, false, experts, 4096, 4096, DType::f32, weight, DType::bf16},
          0);
  }
}

} // namespace
