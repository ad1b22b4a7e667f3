// Rows of one matrix written over chosen rows of another: family merge_rows.
#pragma once

#include "copy_rows.cuh"

namespace step37 {

/// Arguments: [x], [source], index, out. One block a row.
template <class Spec, int N> __device__ void merge_rows_generic(const Pointers<N> &buffers) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols), index_at = int(Spec::has_x) + int(Spec::has_source);
  int64 row = blockIdx.x;
  int chosen = buffers.template get<const int>(index_at)[row];
  T *out = buffers.template get<T>(index_at + 1) + row * cols;
  if (chosen >= 0 && Spec::has_source) {
    copy_row<cols>(buffers.template get<const T>(Spec::has_x ? 1 : 0) + int64(chosen) * cols, out);
  } else if (chosen < 0 && Spec::has_x) {
    const T *x = buffers.template get<const T>(0) + row * cols;
    if (x != out) // in place, these rows stay where they are
      copy_row<cols>(x, out);
  } else {
    for (int column = threadIdx.x; column < cols; column += block_threads)
      out[column] = T{};
  }
}

} // namespace step37
