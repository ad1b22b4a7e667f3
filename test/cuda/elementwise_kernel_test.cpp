// GPU kernels that go over whole buffers or index by token, against their host twins.
#include "test/cuda/GpuHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

constexpr DType types[] = {DType::f32, DType::bf16};

TEST(Add, Small) {
  for (DType type : types)
    for (int64_t elements : {1, 7, 1024, 20'001})
      for (int64_t addends : {1, 2, 5})
        GpuCase(spec::Add{elements, addends, type}).fillAll().check();
}

TEST(Add, Published) {
  for (DType type : types)
    GpuCase(spec::Add{8192 * 4096, 2, type}).fillAll().check();
}

void checkAccumulate(int64_t elements, DType type, DType gradType, double beta) {
  GpuCase gpu(spec::AccumulateGradient{elements, type, gradType});
  gpu.fillLarge("value").setSlot("beta", beta);
  if (beta != 0) // else the old gradient, NaN, must not be read
    gpu.fillLarge("grad");
  gpu.check();
}

TEST(AccumulateGradient, Small) {
  for (DType type : types)
    for (DType gradType : types)
      for (double beta : {0.0, 1.0, 0.5})
        for (int64_t elements : {3, 4099})
          checkAccumulate(elements, type, gradType, beta);
}

TEST(AccumulateGradient, Published) {
  checkAccumulate(4096 * 11264, DType::bf16, DType::f32, 1);
  checkAccumulate(4096 * 11264, DType::bf16, DType::bf16, 0);
}

TEST(Fill, Small) {
  for (int64_t elements : {1, 4, 1003})
    GpuCase(spec::Fill{elements, -0.75}).check();
}

void checkAdamW(int64_t elements, bool decay, DType type, DType gradType) {
  GpuCase gpu(spec::AdamW{elements, decay, type != DType::f32, type, gradType});
  gpu.fillLarge("grad").fillLarge("master", 0.1).fillLarge("m", 0.5).fillPositive("v", 0.2);
  setAdamW(gpu, {0.01, 0.9, 0.95, 1e-8, 0.1, 1 - 0.9 * 0.9, 1 - 0.95 * 0.95});
  gpu.setSlot("clip", 0.7).check();
}

TEST(AdamW, Small) {
  for (DType type : types)
    for (DType gradType : types)
      for (bool decay : {true, false})
        for (int64_t elements : {1, 4099})
          checkAdamW(elements, decay, type, gradType);
}

TEST(AdamW, Published) {
  checkAdamW(4096 * 11264, true, DType::bf16, DType::bf16);
  checkAdamW(4096 * 11264, true, DType::bf16, DType::f32);
}

TEST(AdamW, ClipZeroChangesNothing) {
  for (DType type : types) {
    GpuCase gpu(spec::AdamW{3, true, type != DType::f32, type, DType::f32});
    gpu.set("grad", {NAN, 1, INFINITY}).set("master", {1, 2, 3}).set("m", {4, 5, 6});
    gpu.set("v", {7, 8, 9});
    setAdamW(gpu, {0.1, 0.9, 0.95, 1e-8, 0.1, 0.1, 0.05});
    gpu.setSlot("clip", 0).check();
  }
}

TEST(ReduceSum, AnySize) {
  for (int64_t elements : {1, 5, 1024, 33'333})
    GpuCase(spec::ReduceSum{elements}).fillAll().check();
}

TEST(SumOfSquares, Small) {
  for (DType type : types)
    for (int64_t elements : {1, 77, 65'536, 65'541, 200'000})
      GpuCase(spec::SumOfSquares{elements, type}).fillAll().check();
}

TEST(SumOfSquares, Published) {
  for (DType type : types)
    GpuCase(spec::SumOfSquares{36 * 1280 * 4096, type}).fillAll().check();
}

void checkGlobalNorm(const std::vector<int64_t> &sizes, double maxNorm) {
  GpuCase gpu(spec::GlobalNorm{sizes});
  for (size_t i = 0; i < sizes.size(); ++i)
    gpu.fillPositive("partials" + std::to_string(i));
  gpu.setSlot("max_norm", maxNorm).check();
}

TEST(GlobalNorm, ManyLists) {
  std::vector<int64_t> sizes;
  for (int64_t i = 0; i < 900; ++i)
    sizes.push_back(1 + i % 40 * (i % 7));
  for (double maxNorm : {1.0, 1e9, 0.0})
    checkGlobalNorm(sizes, maxNorm);
  checkGlobalNorm({1}, 0.5);
}

TEST(GlobalNorm, NotFinite) {
  for (float partial : {INFINITY, NAN}) {
    GpuCase gpu(spec::GlobalNorm{{2}});
    gpu.set("partials0", {1, partial});
    gpu.setSlot("max_norm", 1).check();
  }
}

TEST(TakeRows, ClampsToTheLastRow) {
  for (DType type : types)
    for (int64_t cols : {5, 64})
      for (double chunk : {0.0, 2.0, 3.0}) {
        GpuCase gpu(spec::TakeRows{11, 4, cols, type});
        gpu.fillLarge("x").setSlot("chunk", chunk).check();
      }
}

TEST(TakeRows, Published) {
  GpuCase gpu(spec::TakeRows{8192, 1024, 4096, DType::bf16});
  gpu.fillLarge("x").setSlot("chunk", 3).check();
}

TEST(CopyColumns, RangesOfMatrices) {
  for (DType type : types)
    for (int64_t cols : {1, 45, 64})
      for (int64_t from : {0, 3, 8})
        for (int64_t to : {0, 5, 16})
          GpuCase(spec::CopyColumns{37, cols, cols + from, cols + to, type}).fillAll().check();
}

TEST(CopyColumns, Published) {
  GpuCase(spec::CopyColumns{8192, 4096, 4096, 8192, DType::bf16}).fillAll().check();
}

void checkShiftLabels(int64_t rows, int64_t seqLen, int64_t by) {
  GpuCase gpu(spec::ShiftLabels{rows * seqLen, seqLen, by});
  std::vector<int> ids(size_t(rows * seqLen));
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = int(i * 7919 % 1000);
  gpu.setIntegers("ids", ids);
  gpu.setIntegers("document_start", documentStarts(rows * seqLen, seqLen, 4));
  gpu.fillLarge("mask").check();
}

TEST(ShiftLabels, RowsAndDocuments) {
  for (int64_t by : {1, 2, 3})
    checkShiftLabels(3, 37, by);
  checkShiftLabels(2, 4096, 1);
}

TEST(RopeTable, LargePositions) {
  GpuCase(spec::RopeTable{37, {1, 0.1, 0.01}}).check();
  std::vector<double> frequencies;
  for (int i = 0; i < 32; ++i)
    frequencies.push_back(std::pow(5e6, -i / 32.0));
  GpuCase(spec::RopeTable{300, frequencies}).check();
}

TEST(RopeTable, Published) {
  std::vector<double> frequencies;
  for (int i = 0; i < 64; ++i)
    frequencies.push_back(std::pow(1e4, -i / 64.0));
  GpuCase(spec::RopeTable{262'144, frequencies}).check();
}

} // namespace
