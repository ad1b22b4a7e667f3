// The second half of a sum over rows: parts that blocks of rows left in a workspace are added in
// order.
#pragma once

#include "common.cuh"

namespace step37 {

/// Columns that a block of block_threads threads sums.
constexpr int column_sum_width = warp_size;

/// Calls body(column, sum over b of partial[b·cols + column]) once for each column of this block,
/// with blockIdx.x counting blocks of column_sum_width columns.
template <class Body>
__device__ void sum_columns(const float *partial, int64 parts, int cols, Body body) {
  constexpr int slices = block_threads / warp_size;
  __shared__ float sums[slices][warp_size];
  int lane = threadIdx.x % warp_size, slice = threadIdx.x / warp_size;
  int column = blockIdx.x * column_sum_width + lane;
  float sum = 0;
  if (column < cols)
#pragma unroll 8
    for (int64 part = slice; part < parts; part += slices)
      sum += partial[part * cols + column];
  sums[slice][lane] = sum;
  __syncthreads();
  if (slice != 0 || column >= cols)
    return;
  for (int i = 1; i < slices; ++i)
    sum += sums[i][lane];
  body(column, sum);
}

/// beta·old + value; the old value is not read if beta is 0.
template <class G> __device__ float accumulated(float beta, const G *old, float value) {
  return beta == 0.0f ? value : beta * to_float(*old) + value;
}

} // namespace step37
