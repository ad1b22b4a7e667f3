// The GPU kernels that only sharded programs have against their host twins.
#include "test/cuda/GpuHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

/// Ids of a whole of 3·size, some of nobody, as the second of three ranks sees them.
void checkLocalizeIds(int64_t elements, int64_t size) {
  GpuCase gpu(spec::LocalizeIds{elements, size});
  std::vector<int> ids(static_cast<size_t>(elements));
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = int(i * 7919 % size_t(3 * size + 1)) - 1;
  gpu.setIntegers("ids", ids).set("coordinate", {1});
  gpu.check();
}

TEST(LocalizeIds, AnySize) {
  for (int64_t elements : {1, 1003, 65'536})
    for (int64_t size : {1, 36, 16'112})
      checkLocalizeIds(elements, size);
}

/// Every third slot has no row.
void checkExpertWindow(int64_t groups, int64_t slots, int64_t first, int64_t rows) {
  GpuCase gpu(spec::ExpertWindow{groups, slots, first, rows});
  std::vector<int> offsets, slotRow;
  for (int64_t group = 0; group <= groups; ++group)
    offsets.push_back(int(slots * group / groups));
  for (int64_t slot = 0; slot < slots; ++slot)
    slotRow.push_back(slot % 3 == 0 ? -1 : int(slots - 1 - slot));
  gpu.setIntegers("offsets", offsets).setIntegers("slot_row", slotRow);
  gpu.check();
}

TEST(ExpertWindow, FirstMiddleAndLast) {
  checkExpertWindow(1, 1, 0, 1);
  checkExpertWindow(36, 12, 5, 4); // more groups than slots
  for (int64_t first : {0, 400, 999})
    checkExpertWindow(7, 1000, first, 400);
  checkExpertWindow(36, 65'536, 16'384, 16'384);
}

/// Every rank's rows of each expert, some none, as the last rank but one sees them.
void checkReceivedRows(int64_t ranks, int64_t experts, int64_t slots, int64_t rows, int64_t first) {
  GpuCase gpu(spec::ReceivedRows{ranks, experts, slots, rows, first});
  std::vector<int> bounds;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    std::vector<int64_t> counts;
    int64_t left = slots;
    for (int64_t expert = 0; expert < experts; ++expert) {
      const int64_t mean = slots / experts, count = (rank * 31 + expert * 17) % (2 * mean + 2);
      counts.push_back(std::min(left, (rank + expert) % 5 == 0 ? 0 : count));
      left -= counts.back();
    }
    counts.back() += left;
    bounds.push_back(0);
    for (const int64_t count : counts)
      bounds.push_back(bounds.back() + int(count));
  }
  gpu.setIntegers("bounds", bounds).set("coordinate", {float(ranks - 2)});
  gpu.check();
}

TEST(ReceivedRows, WindowsFullPartialAndEmpty) {
  checkReceivedRows(2, 2, 1, 1, 0);
  checkReceivedRows(2, 6, 25, 13, 7);
  checkReceivedRows(3, 99, 7, 21, 0); // fewer rows than experts
  for (int64_t first : {0, 1001, 2002, 5005})
    checkReceivedRows(7, 35, 1001, 1001, first);
  checkReceivedRows(8, 288, 32'768, 65'536, 0);
  checkReceivedRows(32, 288, 32'768, 65'536, 65'536);
}

/// Labels of the whole as a rank sees them: some in its columns that count, the others −1.
std::vector<int> localLabels(int64_t rows, int64_t columns) {
  std::vector<int> labels(static_cast<size_t>(rows), -1);
  for (size_t i = 0; columns > 0 && i < labels.size(); i += 2)
    labels[i] = int(i * 7919 % size_t(columns));
  return labels;
}

/// Of the columns of this rank the first `counted` are in the vocabulary.
struct Columns {
  int64_t vocab, total, coordinate;

  int64_t counted() const { return std::clamp<int64_t>(total - coordinate * vocab, 0, vocab); }
};

void checkLossStats(int64_t rows, const Columns &columns, double deviation) {
  GpuCase gpu(spec::LossStats{rows, columns.vocab, columns.total});
  gpu.fillLarge("logits", deviation);
  gpu.setIntegers("labels", localLabels(rows, columns.counted()));
  gpu.set("coordinate", {double(columns.coordinate)});
  gpu.check();
}

void checkLogitsGrad(int64_t rows, const Columns &columns, DType type) {
  GpuCase gpu(spec::LogitsGrad{rows, columns.vocab, columns.total, type});
  gpu.fillLarge("logits", 2).fillPositive("weights").fillLarge("lse");
  Values lse = gpu.get("lse");
  for (double &value : lse)
    value += 12; // above the logits, as a log-sum-exp is
  gpu.set("lse", lse).setIntegers("labels", localLabels(rows, columns.counted()));
  gpu.set("coordinate", {double(columns.coordinate)});
  gpu.setSlot("scale", 0.125).check();
}

/// All columns count, some, or none.
const Columns smallColumns[] = {{1, 2, 0},     {101, 303, 1},   {160, 300, 1},
                                {160, 301, 1}, {5003, 9000, 1}, {64, 100, 2}};

TEST(LossStats, Small) {
  for (const Columns &columns : smallColumns)
    for (double deviation : {1.0, 30.0})
      checkLossStats(5, columns, deviation);
}

TEST(LossStats, Published) { checkLossStats(1024, {16'112, 128'896, 7}, 2); }

TEST(LogitsGrad, Small) {
  for (DType type : {DType::f32, DType::bf16})
    for (const Columns &columns : smallColumns)
      checkLogitsGrad(5, columns, type);
}

TEST(LogitsGrad, Published) {
  checkLogitsGrad(1024, {16'112, 128'896, 7}, DType::bf16);
  checkLogitsGrad(1024, {16'112, 128'896, 7}, DType::f32);
}

TEST(MergeLossStats, RanksWithAndWithoutColumns) {
  GpuCase gpu(spec::MergeLossStats{3, 2});
  gpu.set("stats", {5, 2, 1, -3, 1.5, 0, 7, 3, 0, -2, 1, -2, -INFINITY, 0, 0, -INFINITY, 0, 0});
  gpu.set("weights", {1, 0.5});
  gpu.check();
  GpuCase large(spec::MergeLossStats{8, 8192});
  large.fillPositive("stats").fillPositive("weights").check();
}

TEST(AdamW, CopyBesideAnF32Master) {
  for (DType gradType : {DType::f32, DType::bf16}) {
    GpuCase gpu(spec::AdamW{4099, true, true, DType::f32, gradType});
    gpu.fillLarge("grad").fillLarge("master", 0.1).fillLarge("m", 0.5).fillPositive("v", 0.2);
    setAdamW(gpu, {0.01, 0.9, 0.95, 1e-8, 0.1, 1 - 0.9 * 0.9, 1 - 0.95 * 0.95});
    gpu.setSlot("clip", 0.7).check();
  }
}

} // namespace
