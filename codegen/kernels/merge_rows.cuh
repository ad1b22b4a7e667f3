// Rows of one matrix written over chosen rows of another: family merge_rows.
#pragma once

#include "copy_rows.cuh"

namespace step37 {

/// One block a row.
template <class Spec, class Arguments>
__device__ void merge_rows_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols);
  int64 row = blockIdx.x;
  int chosen = arguments.index()[row];
  T *out = arguments.out() + row * cols;
  if (chosen >= 0 && Spec::has_source) {
    copy_row<cols>(arguments.source() + int64(chosen) * cols, out);
  } else if (chosen < 0 && Spec::has_x) {
    const T *x = arguments.x() + row * cols;
    if (x != out) // in place, these rows stay where they are
      copy_row<cols>(x, out);
  } else {
    for (int column = threadIdx.x; column < cols; column += block_threads)
      out[column] = T{};
  }
}

} // namespace step37
