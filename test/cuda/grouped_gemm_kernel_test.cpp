// GPU kernels of products over the rows of experts, against their host twins. Published sizes:
// grouped_gemm_large_test.cpp.
#include "test/cuda/GpuHarness.h"
#include "test/cuda/GroupOffsets.h"

namespace {

using namespace step37;
using namespace step37::test;

constexpr DType types[] = {DType::f32, DType::bf16};

struct Rows {
  int64_t groups, rows, unused; // the last `unused` rows belong to no group
};

/// Argument `index` from its row `row` of `cols` columns on becomes NaN: it must not be read.
template <class Spec>
void unread(GpuCase<Spec> &gpu, size_t index, int64_t row, int64_t cols, DType type) {
  std::vector<std::byte> &bytes = gpu.contents()[index];
  std::fill(bytes.begin() + row * cols * byteSize(type), bytes.end(), GpuCase<Spec>::poison);
}

void checkGroupedGemm(Rows shape, int64_t n, int64_t k, bool transpose, DType type) {
  auto [groups, rows, unused] = shape;
  GpuCase gpu(spec::GroupedGemm{groups, rows, n, k, transpose, type});
  gpu.setIntegers("offsets", groupOffsets(groups, rows - unused));
  gpu.fillLarge("x").fillLarge("w");
  unread(gpu, 0, rows - unused, k, type);
  gpu.check();
}

void checkGroupedGemmGrad(Rows shape, int64_t m, int64_t n, DType type, DType gradType,
                          double beta) {
  auto [groups, rows, unused] = shape;
  GpuCase gpu(spec::GroupedGemmGrad{groups, rows, m, n, type, gradType});
  gpu.setIntegers("offsets", groupOffsets(groups, rows - unused));
  gpu.fillLarge("a").fillLarge("b").setSlot("beta", beta);
  if (beta != 0)
    gpu.fillLarge("dw");
  unread(gpu, 0, rows - unused, m, type);
  unread(gpu, 1, rows - unused, n, type);
  if (type == DType::bf16 && gradType == DType::f32)
    gpu.allow("dw", 1e-4); // tensor cores cut off bits of their f32 sums
  gpu.check();
}

struct Shape {
  Rows rows;
  int64_t n, k;
};

/// For the generic variant alone; less than a tile; whole tiles; a tile and a little, with a depth
/// of more steps than there are buffers; and no rows of any expert.
constexpr Shape shapes[] = {{{7, 50, 0}, 13, 21},
                            {{1, 3, 1}, 72, 40},
                            {{8, 300, 20}, 256, 128},
                            {{3, 500, 130}, 264, 584},
                            {{5, 64, 64}, 136, 264}};

TEST(GroupedGemm, Small) {
  for (DType type : types)
    for (bool transpose : {true, false})
      for (auto [rows, n, k] : shapes)
        checkGroupedGemm(rows, n, k, transpose, type);
}

TEST(GroupedGemm, ManyTilesOfABlock) {
  for (bool transpose : {true, false})
    checkGroupedGemm({40, 4000, 300}, 1280, 256, transpose, DType::bf16);
}

void checkGroupedSwiglu(Rows shape, int64_t n, int64_t k, double limit, spec::ClampPosition clamp,
                        DType type) {
  auto [groups, rows, unused] = shape;
  GpuCase gpu(spec::GroupedSwiglu{groups, rows, n, k, limit, clamp, type});
  gpu.setIntegers("offsets", groupOffsets(groups, rows - unused));
  gpu.fillLarge("x").fillLarge("w", 0.3);
  unread(gpu, 0, rows - unused, k, type);
  gpu.check();
}

TEST(GroupedSwiglu, Small) {
  for (DType type : types)
    for (auto [rows, n, k] : shapes) {
      checkGroupedSwiglu(rows, n, k, 0, spec::ClampPosition::afterSilu, type);
      checkGroupedSwiglu(rows, n / 2, k, 1, spec::ClampPosition::beforeSilu, type);
    }
}

TEST(GroupedSwiglu, ManyTilesOfABlock) {
  checkGroupedSwiglu({40, 4000, 300}, 640, 256, 7, spec::ClampPosition::afterSilu, DType::bf16);
}

TEST(GroupedGemmGrad, Small) {
  for (DType type : types)
    for (DType gradType : types)
      for (auto [rows, m, n] : shapes)
        for (double beta : {0.0, 0.5, 1.0})
          checkGroupedGemmGrad(rows, m, n, type, gradType, beta);
}

/// Gradients of experts without rows are NaN before: with beta 1 not a bit of them changes (a NaN
/// that is computed has other bits), with beta 0 they become zeros.
TEST(GroupedGemmGrad, ExpertsWithoutRows) {
  for (DType type : types)
    for (DType gradType : types)
      for (auto [shape, m, n] : shapes)
        for (double beta : {0.0, 1.0}) {
          auto [groups, rows, unused] = shape;
          const std::vector<int> offsets = groupOffsets(groups, rows - unused);
          GpuCase gpu(spec::GroupedGemmGrad{groups, rows, m, n, type, gradType});
          gpu.setIntegers("offsets", offsets);
          gpu.fillLarge("a").fillLarge("b").fillLarge("dw").setSlot("beta", beta);
          constexpr size_t dw = 4;
          std::vector<std::byte> &bytes = gpu.contents()[dw];
          const int64_t each = m * n * byteSize(gradType);
          for (int64_t group = 0; group < groups; ++group)
            if (offsets[size_t(group)] == offsets[size_t(group) + 1])
              std::fill_n(bytes.begin() + group * each, each, decltype(gpu)::poison);
          if (type == DType::bf16 && gradType == DType::f32)
            gpu.allow("dw", 1e-4); // tensor cores cut off bits of their f32 sums
          gpu.check();
        }
}

TEST(GroupedGemmGrad, ManyTilesOfABlock) {
  for (DType gradType : types)
    checkGroupedGemmGrad({40, 4000, 300}, 640, 512, DType::bf16, gradType, 1);
}

} // namespace
