// Which elements of a published tensor stand where in a local one: the strided placement that all
// layouts are made of. Elements only; bytes and files are elsewhere.
#pragma once

#include <algorithm>
#include <cstdint>

namespace step37 {

/// Block b of `blocks`, each of `block` consecutive elements, is at from + b·fromStride in the
/// published tensor and at to + b·toStride in the local one. With fromStride 0 the same elements
/// are there `blocks` times.
struct Slice {
  int tensor = -1; // index into the TensorMap
  int64_t blocks = 1, block = 0;
  int64_t from = 0, fromStride = 0;
  int64_t to = 0, toStride = 0;

  int64_t elements() const { return blocks * block; }
};

/// Calls visit(block, offset in it, count) for the pieces of [first, first + count) that lie in
/// blocks at start + b·stride, in order.
template <typename Visit>
void forEachOverlap(int64_t start, int64_t stride, int64_t blocks, int64_t block, int64_t first,
                    int64_t count, Visit visit) {
  const int64_t end = first + count, before = first - start - block;
  for (int64_t index = before >= 0 && stride > 0 ? before / stride + 1 : 0; index < blocks;
       ++index) {
    const int64_t begin = start + index * stride;
    if (begin >= end)
      break;
    const int64_t low = std::max(begin, first), high = std::min(begin + block, end);
    if (low < high)
      visit(index, low - begin, high - low);
  }
}

/// Calls visit(published, local, count) for the runs of the slice inside [first, first + count) of
/// the local tensor.
template <typename Visit>
void forEachLocalRun(const Slice &slice, int64_t first, int64_t count, Visit visit) {
  forEachOverlap(slice.to, slice.toStride, slice.blocks, slice.block, first, count,
                 [&](int64_t index, int64_t offset, int64_t run) {
                   visit(slice.from + index * slice.fromStride + offset,
                         slice.to + index * slice.toStride + offset, run);
                 });
}

/// The same for a range of the published tensor; of repeated elements the first copy only.
template <typename Visit>
void forEachPublishedRun(const Slice &slice, int64_t first, int64_t count, Visit visit) {
  const int64_t blocks = slice.fromStride == 0 ? 1 : slice.blocks;
  forEachOverlap(slice.from, slice.fromStride, blocks, slice.block, first, count,
                 [&](int64_t index, int64_t offset, int64_t run) {
                   visit(slice.from + index * slice.fromStride + offset,
                         slice.to + index * slice.toStride + offset, run);
                 });
}

} // namespace step37
