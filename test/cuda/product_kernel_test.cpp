// GPU kernels of dense and grouped products against their host twins.
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

/// First rows of groups of random sizes, some of them empty.
std::vector<int> randomOffsets(int64_t groups, int64_t rows) {
  std::mt19937 random(6);
  std::vector<int> offsets = {0, int(rows)};
  for (int64_t i = 1; i < groups; ++i)
    offsets.push_back(i % 5 == 0 ? 0 : int(random() % unsigned(rows + 1)));
  std::ranges::sort(offsets);
  return offsets;
}

void checkGrouped(int64_t groups, int64_t rows, int64_t n, int64_t k, DType type, DType gradType) {
  std::vector<int> offsets = randomOffsets(groups, rows);
  for (bool transpose : {true, false}) {
    GpuCase gpu(spec::GroupedGemm{groups, rows, n, k, transpose, type});
    gpu.setIntegers("offsets", offsets);
    gpu.fillLarge("x").fillLarge("w").check();
  }
  for (double beta : {0.0, 1.0}) {
    GpuCase gpu(spec::GroupedGemmGrad{groups, rows, n, k, type, gradType});
    gpu.setIntegers("offsets", offsets);
    gpu.fillLarge("a").fillLarge("b").setSlot("beta", beta);
    if (beta != 0)
      gpu.fillLarge("dw");
    if (type == DType::bf16 && gradType == DType::f32)
      gpu.allow("dw", 1e-4); // tensor cores cut off bits of their f32 sums
    gpu.check();
  }
}

TEST(GroupedGemm, Small) {
  for (DType type : types)
    for (DType gradType : types) {
      checkGrouped(7, 50, 13, 21, type, gradType);
      checkGrouped(1, 3, 1, 5, type, gradType);
      checkGrouped(8, 300, 64, 96, type, gradType);
      checkGrouped(3, 500, 256, 128, type, gradType);
    }
}

TEST(GroupedGemm, Published) {
  checkGrouped(36, 65536, 1280, 4096, DType::bf16, DType::f32);
  checkGrouped(36, 65536, 4096, 1280, DType::bf16, DType::bf16);
}

} // namespace
