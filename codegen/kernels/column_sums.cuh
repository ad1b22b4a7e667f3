// The second half of a sum over rows: parts that blocks of rows left in a workspace are added in
// order.
#pragma once

#include "common.cuh"

namespace step37 {

/// Calls body(column, sum over b of partial[b·cols + column]) once for each column of this block,
/// with blockIdx.x counting blocks of Choices::columns columns, one for each lane.
template <class Choices, class Body>
__device__ void sum_columns(const float *partial, int64 parts, int cols, Body body) {
  static_assert(Choices::columns == warp_size);
  constexpr int slices = int(Choices::threads) / warp_size;
  __shared__ float sums[slices][warp_size];
  int lane = threadIdx.x % warp_size, slice = threadIdx.x / warp_size;
  int column = blockIdx.x * warp_size + lane;
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
