// GPU kernels of dense products against their host twins. Of grouped ones:
// grouped_gemm_kernel_test.cpp.
#include "test/cuda/GpuHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

constexpr DType types[] = {DType::f32, DType::bf16};

void checkGemm(spec::Gemm spec, double beta) {
  spec.accumulate = beta != 0;
  GpuCase gpu(spec);
  gpu.fillLarge("a").fillLarge("b");
  if (spec.accumulate)
    gpu.fillLarge("c").setSlot("beta", beta);
  gpu.check();
}

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

TEST(Gemm, PublishedRouter) {
  for (int64_t experts : {36, 288}) {
    checkGemm({8192, experts, 4096, false, true, 4096, 4096, experts, DType::bf16, DType::f32,
               DType::f32},
              0);
    checkGemm({experts, 4096, 8192, true, false, experts, 4096, 4096, DType::f32, DType::bf16,
               DType::f32},
              1);
    checkGemm({8192, 4096, experts, false, false, experts, 4096, 4096, DType::f32, DType::f32,
               DType::bf16},
              0);
  }
}

} // namespace
