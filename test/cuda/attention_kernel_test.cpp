// GPU kernels of attention against their host twins, and at published sizes, where a twin takes
// minutes, the fast ones against the generic ones.
#include "test/cuda/GpuHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

struct AttentionShape {
  int64_t rows, seqLen, heads, groups, headDim, window;
};

struct AttentionTest {
  bool gated = true;
  int64_t documents = 1;
  DType type = DType::bf16;
  double gateDeviation = 1;
  bool large = false; // against the generic kernel

  template <class Spec> void check(GpuCase<Spec> &gpu) const {
    if (large)
      gpu.checkAgainstGeneric();
    else
      gpu.check();
  }

  void run(const AttentionShape &s) const {
    int64_t tokens = s.rows * s.seqLen, stride = (s.heads + 2 * s.groups) * s.headDim + s.heads;
    stride = type == DType::bf16 ? (stride + 7) / 8 * 8 : stride; // as tensor cores need it
    int64_t gateStride = gated ? stride : 0;
    double scale = 1 / std::sqrt(double(s.headDim));
    std::vector<int> starts = documentStarts(tokens, s.seqLen, documents);
    GpuCase forward(spec::Attention{tokens, s.seqLen, s.heads, s.groups, s.headDim, s.window,
                                    stride, gateStride, gated, scale, type});
    forward.fillAll();
    if (gated)
      forward.fillLarge("gate", gateDeviation);
    forward.setIntegers("document_start", starts);
    forward.allow("lse", type == DType::bf16 ? 1e-4 : 1e-5); // tensor cores cut off bits
    check(forward);

    GpuCase backward(spec::AttentionGrad{tokens, s.seqLen, s.heads, s.groups, s.headDim, s.window,
                                         stride, gateStride, stride, gateStride, gated, scale,
                                         type});
    backward.fillLarge("dout");
    for (std::string name : {"q", "k", "v", "out", "lse", "document_start"})
      backward.take(name, forward);
    if (gated)
      backward.take("gate", forward);
    if (s.seqLen == 1) // one key has weight 1: both are 0, up to rounding
      backward.skip("dq").skip("dk");
    check(backward);
  }
};

TEST(Attention, Small) {
  for (DType type : {DType::f32, DType::bf16})
    for (bool gated : {true, false}) {
      auto check = [&](const AttentionShape &shape, int64_t documents) {
        AttentionTest{gated, documents, type}.run(shape);
      };
      check({2, 37, 6, 3, 14, 0}, 3);
      check({1, 50, 5, 1, 13, 5}, 1);
      check({3, 1, 2, 2, 8, 0}, 1);
      check({2, 100, 4, 2, 64, 17}, 4);
      check({1, 300, 4, 1, 128, 0}, 2);
      check({1, 300, 6, 2, 128, 64}, 3);
    }
}

/// What tensor cores take: rows that end inside a tile, and 1 to 16 heads a tile.
TEST(Attention, TensorCores) {
  AttentionTest{.documents = 2}.run({2, 37, 3, 3, 128, 0});
  AttentionTest{}.run({1, 1, 8, 1, 128, 0});
  AttentionTest{}.run({1, 513, 24, 2, 128, 100});
  AttentionTest{.documents = 40}.run({1, 1000, 8, 1, 128, 0});
  AttentionTest{.documents = 3}.run({1, 700, 12, 1, 128, 512});
  AttentionTest{.gated = false}.run({2, 512, 16, 2, 128, 512});
}

class AttentionOfHeads : public testing::TestWithParam<int64_t> {};
TEST_P(AttentionOfHeads, TensorCores) {
  AttentionTest{.documents = 5}.run({3, 129, 32, 2, GetParam(), 7});
  AttentionTest{.documents = 2}.run({1, 333, 6, 3, GetParam(), 0});
  AttentionTest{.gated = false}.run({1, 100, 1, 1, GetParam(), 0});
}
INSTANTIATE_TEST_SUITE_P(Attention, AttentionOfHeads, testing::Values(64, 96));

/// Gates that are all but closed, and closed beyond what f32 holds.
TEST(Attention, ExtremeGates) {
  for (double deviation : {20.0, 80.0})
    AttentionTest{.documents = 2, .gateDeviation = deviation}.run({1, 200, 8, 1, 128, 0});
}

TEST(Attention, Published) {
  for (int64_t documents : {1, 7}) {
    AttentionTest test{.documents = documents, .large = true};
    test.run({1, 4096, 64, 8, 128, 0});
    test.run({2, 2048, 96, 8, 128, 512});
  }
  AttentionTest{.large = true}.run({1, 8192, 96, 8, 128, 512});
}

} // namespace
