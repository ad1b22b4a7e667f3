// A row against a matrix, and sums of columns: families broadcast_row and column_sums.
#pragma once

#include "column_sums.cuh"
#include "vector.cuh"

namespace step37 {

/// Arguments: x, row, out. Out may be in place of x.
template <class Spec, int N> __device__ void broadcast_row_generic(const Pointers<N> &buffers) {
  using T = typename Spec::type;
  constexpr int widest = common_width(full_width<T>, Spec::cols);
  const T *x = buffers.template get<const T>(0), *row = buffers.template get<const T>(1);
  T *out = buffers.template get<T>(2);
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

/// Arguments: a, [b], beta, sums, workspace. Grid: parts of the workspace, then packs of columns.
template <class Spec, int N> __device__ void column_sums_generic_rows(const Pointers<N> &buffers) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols);
  constexpr int64 rows_per_block = 64; // spec::ColumnSums::rowsPerBlock
  constexpr int widest = common_width(full_width<T>, cols);
  const T *a = buffers.template get<const T>(0);
  const T *b = buffers.template get<const T>(Spec::product ? 1 : 0);
  float *partial = buffers.template get<float>(Spec::product ? 4 : 3) + int64(blockIdx.x) * cols;
  int64 begin = int64(blockIdx.x) * rows_per_block;
  int64 end = begin + rows_per_block < Spec::rows ? begin + rows_per_block : Spec::rows;
  int column = (blockIdx.y * block_threads + threadIdx.x) * widest;
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

/// One block for each column_sum_width columns.
template <class Spec, int N> __device__ void column_sums_generic_sum(const Pointers<N> &buffers) {
  using G = typename Spec::grad_type;
  constexpr int beta_at = Spec::product ? 2 : 1;
  float beta = *buffers.template get<const float>(beta_at);
  G *sums = buffers.template get<G>(beta_at + 1);
  sum_columns(buffers.template get<const float>(beta_at + 2), ceil_div(Spec::rows, 64),
              int(Spec::cols), [&](int column, float sum) {
                sums[column] = from_float<G>(accumulated(beta, sums + column, sum));
              });
}

} // namespace step37
