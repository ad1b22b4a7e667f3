// GPU kernels of a vision tower against their host twins.
#include "test/cuda/GpuHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

using Grids = std::vector<int64_t>;

constexpr DType types[] = {DType::f32, DType::bf16};
const Grids oddGrids{2, 3, 5, 1, 4, 4, 3, 1, 7};
const Grids published{1, 52, 52, 6, 36, 36}; // a view of 728 pixels and six crops of 504

TEST(Patches, Small) {
  for (DType type : types)
    for (bool classToken : {false, true}) {
      GpuCase(spec::Patches{2, 3, 12, 20, 4, classToken, type}).fillAll().check();
      GpuCase(spec::Patches{1, 1, 9, 6, 3, classToken, type}).fillAll().check();
    }
}
TEST(Patches, Published) {
  GpuCase(spec::Patches{6, 3, 504, 504, 14, false, DType::bf16}).fillAll().check();
}

TEST(Windows, Small) {
  for (DType type : types)
    for (bool classToken : {false, true})
      for (int64_t channels : {1, 45, 300}) {
        GpuCase(spec::Unfold{oddGrids, classToken, channels, type}).fillAll().check();
        GpuCase(spec::Fold{oddGrids, classToken, channels, type}).fillAll().check();
      }
}
TEST(Windows, Published) {
  GpuCase(spec::Unfold{published, false, 1536, DType::bf16}).fillAll().check();
  GpuCase(spec::Fold{published, false, 1536, DType::bf16}).fillAll().check();
}

void checkPositions(const Grids &grids, bool classToken, int64_t side, int64_t width, DType type,
                    DType gradType, double beta) {
  GpuCase(spec::AddPositions{grids, classToken, side, width, type}).fillAll().check();
  GpuCase gradient(spec::AddPositionsGrad{grids, classToken, side, width, type, gradType});
  gradient.fillLarge("dout").setSlot("beta", beta);
  if (beta != 0 && side > 0)
    gradient.fillLarge("dtable");
  if (beta != 0 && classToken)
    gradient.fillLarge("dclass_embedding");
  gradient.check();
}

TEST(Positions, Small) {
  for (DType type : types)
    for (double beta : {0.0, 0.5}) {
      for (int64_t side : {1, 4, 9})
        for (bool classToken : {false, true})
          checkPositions(oddGrids, classToken, side, 45, type, type, beta);
      checkPositions(oddGrids, true, 0, 300, type, DType::f32, beta);
    }
}
TEST(Positions, Published) {
  checkPositions(published, false, 52, 1536, DType::bf16, DType::f32, 1);
}

TEST(AxialRope, Small) {
  for (bool classToken : {false, true})
    for (bool columnFirst : {false, true})
      GpuCase(spec::AxialRopeTable{oddGrids, classToken, columnFirst, {1, 0.3, 0.01}}).check();
  for (DType type : types)
    for (bool inverse : {false, true})
      for (int64_t gap : {0, 3, 16}) {
        GpuCase(spec::RotatePairs{37, 3, 14, 42 + gap, 42 + gap, inverse, type}).fillAll().check();
        GpuCase(spec::RotatePairs{37, 2, 96, 192 + gap, 192, inverse, type}).fillAll().check();
      }
}
TEST(AxialRope, Published) {
  GpuCase(spec::RotatePairs{10480, 16, 96, 4608, 1536, false, DType::bf16}).fillAll().check();
  GpuCase(spec::RotatePairs{10480, 16, 96, 1536, 4608, true, DType::bf16}).fillAll().check();
}

void checkLayerNorm(int64_t rows, int64_t cols, DType type, DType gradType, double beta) {
  GpuCase forward(spec::LayerNorm{rows, cols, 1e-5, type});
  forward.fillAll().allow("mean", 1e-4).check(); // of a mean near zero
  GpuCase backward(spec::LayerNormGrad{rows, cols, type, gradType});
  backward.fillLarge("dy");
  for (std::string name : {"x", "weight", "mean", "inverse_deviation"})
    backward.set(name, forward.get(name));
  backward.setSlot("beta", beta);
  if (beta != 0)
    backward.fillLarge("dweight").fillLarge("dbias");
  backward.check();
}

TEST(LayerNorm, Small) {
  for (DType type : types)
    for (DType gradType : types)
      for (int64_t cols : {2, 45, 2304})
        checkLayerNorm(131, cols, type, gradType, cols == 45 ? 0.5 : 0);
}
TEST(LayerNorm, Published) { checkLayerNorm(10480, 1536, DType::bf16, DType::f32, 1); }

void checkColumns(int64_t rows, int64_t cols, DType type, DType gradType, double beta) {
  for (bool second : {false, true}) {
    GpuCase(spec::BroadcastRow{rows, cols, second, type}).fillAll().check();
    GpuCase sums(spec::ColumnSums{rows, cols, second, type, gradType});
    sums.fillLarge("a").setSlot("beta", beta);
    if (second)
      sums.fillLarge("b");
    if (beta != 0)
      sums.fillLarge("sums");
    sums.check();
  }
}

TEST(Columns, Small) {
  for (DType type : types)
    for (DType gradType : types)
      for (int64_t cols : {1, 45, 64, 2304})
        checkColumns(131, cols, type, gradType, cols == 45 ? 0.5 : 0);
}
TEST(Columns, Published) { checkColumns(10480, 8960, DType::bf16, DType::f32, 1); }

TEST(QuickGelu, Small) {
  for (DType type : types)
    for (int64_t elements : {1, 1000, 4099}) {
      GpuCase(spec::QuickGelu{elements, type}).fillAll(3).check();
      GpuCase(spec::QuickGeluGrad{elements, type}).fillAll(3).check();
    }
}
TEST(QuickGelu, Published) {
  GpuCase(spec::QuickGelu{10480 * 8960, DType::bf16}).fillAll(3).check();
  GpuCase(spec::QuickGeluGrad{10480 * 8960, DType::bf16}).fillAll(3).check();
}

TEST(MergeRows, Small) {
  for (DType type : types)
    for (int64_t cols : {1, 45, 64})
      for (auto [x, source] : {std::pair(true, true), {true, false}, {false, true}}) {
        GpuCase gpu(spec::MergeRows{6, 4, cols, x, source, type});
        gpu.fillAll().setIntegers("index", std::vector<int>{-1, 2, -1, 0, 3, -1});
        gpu.check();
      }
}

/// Attention of whole rows, with v in a packed matrix.
struct ImageAttentionTest {
  DType type = DType::bf16;
  bool large = false; // against the generic kernel

  template <class Spec> void check(GpuCase<Spec> &gpu) const {
    if (large)
      gpu.checkAgainstGeneric();
    else
      gpu.check();
  }

  void run(int64_t images, int64_t length, int64_t heads, int64_t groups, int64_t dim) const {
    int64_t tokens = images * length, stride = (heads + 2 * groups) * dim;
    double scale = 1 / std::sqrt(double(dim));
    GpuCase forward(spec::Attention{tokens, length, heads, groups, dim, 0, stride, 0, false, scale,
                                    type, false});
    forward.fillAll().allow("lse", type == DType::bf16 ? 1e-4 : 1e-5);
    check(forward);
    GpuCase backward(spec::AttentionGrad{tokens, length, heads, groups, dim, 0, stride, 0, stride,
                                         0, false, scale, type, false});
    backward.fillLarge("dout");
    for (std::string name : {"q", "k", "v", "out", "lse"})
      backward.take(name, forward);
    if (length == 1) // one key has weight 1: both are 0, up to rounding
      backward.skip("dq").skip("dk");
    check(backward);
  }
};

TEST(ImageAttention, Small) {
  for (DType type : types) {
    ImageAttentionTest test{type};
    test.run(3, 16, 4, 4, 8);
    test.run(2, 37, 3, 3, 14);
    test.run(1, 100, 2, 2, 96);
  }
}

/// What tensor cores take: rows that end inside a tile of 128 queries or of 112 to 144 keys, or
/// with one; several rows, which must not see each other; keys that heads share.
class ImageAttentionRows : public testing::TestWithParam<int64_t> {};
TEST_P(ImageAttentionRows, TensorCores) { ImageAttentionTest{}.run(3, GetParam(), 3, 3, 96); }
INSTANTIATE_TEST_SUITE_P(ImageAttention, ImageAttentionRows,
                         testing::Values(1, 37, 112, 128, 129, 144, 225, 333));

TEST(ImageAttention, TensorCoresOtherHeads) {
  ImageAttentionTest{}.run(2, 300, 2, 2, 64);
  ImageAttentionTest{}.run(2, 300, 2, 2, 128);
}
TEST(ImageAttention, TensorCoresSharedKeys) {
  ImageAttentionTest{}.run(2, 333, 12, 3, 96);
  ImageAttentionTest{}.run(1, 200, 16, 1, 128);
}

TEST(ImageAttention, Published) {
  ImageAttentionTest test{.large = true};
  test.run(1, 2704, 16, 16, 96);
  test.run(6, 1296, 16, 16, 96);
}

} // namespace
