// A row against a matrix, and sums of columns: families broadcast_row and column_sums.
#pragma once

#include "column_sums.cuh"
#include "vector.cuh"

namespace step37 {

/// Out may be in place of x.
template <class Spec, class Arguments>
__device__ void broadcast_row_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int widest = common_width(full_width<T>, Spec::cols);
  const T *x = arguments.x(), *row = arguments.row();
  T *out = arguments.out();
  bool allowed = aligned<widest>(x) && aligned<widest>(row) && aligned<widest>(out);
  for_each_pack<widest>(Spec::rows * Spec::cols, allowed, [&](auto width, int64 at) {
    constexpr int W = decltype(width)::value;
    float values[W], factors[W];
    load<W>(x + at, values);
    load_readonly<W>(row + at % Spec::cols, factors);
#pragma unroll
    for (int i = 0; i < W; ++i)
      values[i] = Spec::multiply ? values[i] * factors[i] : values[i] + factors[i];
    store<W>(out + at, values);
  });
}

/// Grid: parts of the workspace, then packs of columns.
template <class Spec, class Arguments>
__device__ void column_sums_generic_rows(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols);
  constexpr int64 rows_per_block = Spec::Launch::rows_per_part;
  constexpr int widest = common_width(full_width<T>, cols);
  const T *a = arguments.a();
  const T *b = arguments.b();
  float *partial = arguments.workspace() + int64(blockIdx.x) * cols;
  int64 begin = int64(blockIdx.x) * rows_per_block;
  int64 end = begin + rows_per_block < Spec::rows ? begin + rows_per_block : Spec::rows;
  int column = (blockIdx.y * int(Spec::Launch::row_threads) + threadIdx.x) * widest;
  if (column >= cols)
    return;
  float sums[widest] = {};
#pragma unroll 4
  for (int64 row = begin; row < end; ++row) {
    float values[widest], factors[widest];
    load_readonly<widest>(a + row * cols + column, values);
    if constexpr (Spec::product)
      load_readonly<widest>(b + row * cols + column, factors);
#pragma unroll
    for (int i = 0; i < widest; ++i)
      sums[i] += Spec::product ? values[i] * factors[i] : values[i];
  }
#pragma unroll
  for (int i = 0; i < widest; ++i)
    partial[column + i] = sums[i];
}

/// One block for each Launch::columns columns.
template <class Spec, class Arguments>
__device__ void column_sums_generic_sum(const Arguments &arguments) {
  using G = typename Spec::grad_type;
  float beta = *arguments.beta();
  G *sums = arguments.sums();
  sum_columns<typename Spec::Launch>(
      arguments.workspace(), ceil_div(Spec::rows, Spec::Launch::rows_per_part), int(Spec::cols),
      [&](int column, float sum) {
        sums[column] = from_float<G>(accumulated(beta, sums + column, sum));
      });
}

} // namespace step37
