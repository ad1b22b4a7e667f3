// A row written by a block, for the families that pick rows by index: another row, or zeros.
#pragma once

#include "vector.cuh"

namespace step37 {

/// to[0..cols) = from[0..cols), by all threads of a block of block_threads. Both are whole rows of
/// contiguous matrices; `from` is not written during the launch.
template <int cols, class T> __device__ void copy_row(const T *from, T *to) {
  constexpr int W = common_width(full_width<T>, cols);
  using Raw = typename Pack<T, W>::Raw;
#pragma unroll 4
  for (int column = threadIdx.x * W; column < cols; column += block_threads * W)
    *reinterpret_cast<Raw *>(to + column) = __ldg(reinterpret_cast<const Raw *>(from + column));
}

/// to[0..cols) = 0, likewise.
template <int cols, class T> __device__ void zero_row(T *to) {
  constexpr int W = common_width(full_width<T>, cols);
  using Raw = typename Pack<T, W>::Raw;
  for (int column = threadIdx.x * W; column < cols; column += block_threads * W)
    *reinterpret_cast<Raw *>(to + column) = Raw{};
}

} // namespace step37
