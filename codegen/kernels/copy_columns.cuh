// Copies between column ranges of matrices: family copy_columns.
#pragma once

#include "vector.cuh"

namespace step37 {

/// A thread for each pack of a row.
template <class Spec, class Arguments>
__device__ void copy_columns_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int widest = common_width(full_width<T>, Spec::cols, Spec::x_stride, Spec::out_stride);
  const T *x = arguments.x();
  T *out = arguments.out();
  with_width<widest>(aligned<widest>(x) && aligned<widest>(out), [&](auto width) {
    constexpr int W = decltype(width)::value;
    constexpr int64 row_packs = Spec::cols / W, packs = Spec::rows * row_packs;
    int64 threads = int64(gridDim.x) * blockDim.x;
    for (int64 i = int64(blockIdx.x) * blockDim.x + threadIdx.x; i < packs; i += threads) {
      int64 row = i / row_packs, column = i % row_packs * W;
      float values[W];
      load<W>(x + row * Spec::x_stride + column, values);
      store<W>(out + row * Spec::out_stride + column, values);
    }
  });
}

} // namespace step37
