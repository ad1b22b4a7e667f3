// The GPU kernel of the loss against its host twin.
#include "test/cuda/GpuHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

void checkLogitsLoss(const spec::LogitsLoss &spec, double deviation) {
  GpuCase gpu(spec);
  std::vector<int> labels(static_cast<size_t>(spec.rows));
  for (size_t i = 0; i < labels.size(); ++i)
    labels[i] = int(i * 7919 % size_t(spec.vocab));
  gpu.setIntegers("labels", labels);
  gpu.fillLarge("logits", deviation).fillPositive("weights");
  if (spec.gradient)
    gpu.setSlot("scale", 0.125);
  gpu.check();
}

TEST(LogitsLoss, Small) {
  for (DType type : {DType::f32, DType::bf16})
    for (bool gradient : {true, false})
      for (int64_t vocab : {1, 3, 101, 160, 5003, 16'384})
        for (double deviation : {1.0, 30.0})
          checkLogitsLoss({5, vocab, gradient, type}, deviation);
}

TEST(LogitsLoss, ForbiddenTokensAndMaskedRows) {
  spec::LogitsLoss spec{2, 6, true, DType::f32};
  GpuCase gpu(spec);
  gpu.set("logits", {-INFINITY, 1, -INFINITY, 2, 3, -INFINITY, 1, 2, 3, 4, 5, 6});
  gpu.set("labels", {3, 0}).set("weights", {1, 0});
  gpu.setSlot("scale", 1).check();
}

TEST(LogitsLoss, Published) {
  checkLogitsLoss({1024, 128896, true, DType::bf16}, 2);
  checkLogitsLoss({256, 128896, true, DType::f32}, 2);
  checkLogitsLoss({1024, 128896, false, DType::bf16}, 2);
}

} // namespace
