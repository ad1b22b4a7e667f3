// GPU kernels of attention against their host twins.
#include "test/cuda/GpuHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

struct AttentionShape {
  int64_t rows, seqLen, heads, groups, headDim, window;
};

void checkAttention(const AttentionShape &s, bool gated, int64_t documents, DType type) {
  int64_t tokens = s.rows * s.seqLen, stride = (s.heads + 2 * s.groups) * s.headDim + s.heads;
  int64_t gateStride = gated ? stride : 0;
  double scale = 1 / std::sqrt(double(s.headDim));
  std::vector<int> starts = documentStarts(tokens, s.seqLen, documents);
  GpuCase forward(spec::Attention{tokens, s.seqLen, s.heads, s.groups, s.headDim, s.window, stride,
                                  gateStride, gated, scale, type});
  forward.fillAll();
  forward.setIntegers("document_start", starts);
  forward.allow("lse", type == DType::bf16 ? 1e-4 : 1e-5); // tensor cores cut off bits
  forward.check();

  GpuCase backward(spec::AttentionGrad{tokens, s.seqLen, s.heads, s.groups, s.headDim, s.window,
                                       stride, gateStride, stride, gateStride, gated, scale, type});
  backward.fillLarge("dout");
  for (std::string name : {"q", "k", "v", "out", "lse"})
    backward.set(name, forward.get(name));
  if (gated)
    backward.set("gate", forward.get("gate"));
  backward.setIntegers("document_start", starts);
  if (s.seqLen == 1) // one key has weight 1: both are 0, up to rounding
    backward.skip("dq").skip("dk");
  backward.check();
}

TEST(Attention, Small) {
  for (DType type : {DType::f32, DType::bf16})
    for (bool gated : {true, false}) {
      checkAttention({2, 37, 6, 3, 14, 0}, gated, 3, type);
      checkAttention({1, 50, 5, 1, 13, 5}, gated, 1, type);
      checkAttention({3, 1, 2, 2, 8, 0}, gated, 1, type);
      checkAttention({2, 100, 4, 2, 64, 17}, gated, 4, type);
      checkAttention({1, 300, 4, 1, 128, 0}, gated, 2, type);
      checkAttention({1, 300, 6, 2, 128, 64}, gated, 3, type);
    }
}

TEST(Attention, Published) {
  checkAttention({1, 4096, 64, 8, 128, 0}, true, 1, DType::bf16);
  checkAttention({1, 4096, 96, 8, 128, 512}, true, 1, DType::bf16);
  checkAttention({2, 2048, 64, 8, 128, 0}, true, 5, DType::bf16);
}

} // namespace
