// How the row-wise twins cut their work: blocks of rows by shape alone, and column sums that are
// made a block at a time and added in block order.
#pragma once

#include "runtime/base/ThreadPool.h"
#include "runtime/exec/host/Elements.h"

#include <algorithm>
#include <cstdint>

namespace step37::host {

/// Columns that element-wise loops hold on the stack at a time.
inline constexpr int64_t columnChunk = 256;

/// Rows of a work item: some ten thousand elements, so that handing it out costs little.
inline int64_t rowsPerItem(int64_t cols) { return std::max<int64_t>(1, 16384 / cols); }

/// Calls body(block, first, last, worker) for each block of `size` rows [first, last).
template <class Body> void forEachBlock(ThreadPool &pool, int64_t rows, int64_t size, Body &&body) {
  pool.parallelFor((rows + size - 1) / size, [&](int64_t block, int worker) {
    body(block, block * size, std::min(rows, (block + 1) * size), worker);
  });
}

/// out[c] = beta·out[c] + Σ over b of partial[b·stride + c], for c < cols; with beta 0 `out` is not
/// read.
template <class T>
void addBlockSums(const float *partial, int64_t blocks, int64_t stride, int64_t cols, float beta,
                  T *out) {
  for (int64_t c = 0; c < cols; ++c) {
    float sum = beta == 0.0f ? 0.0f : beta * load(out + c);
    for (int64_t b = 0; b < blocks; ++b)
      sum += partial[b * stride + c];
    store(out + c, sum);
  }
}

} // namespace step37::host
