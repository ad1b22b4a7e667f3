// RMS norm of a sum and its gradient (families rms_norm, rms_norm_grad), any shape.
// Forward: one block a row. Gradient: one block for each rmsnorm_grad rows_per_block rows, which leaves
// its part of dweight in the workspace; a second launch sums the parts in order.
#pragma once

#include "common.cuh"

namespace step37 {

/// Arguments: addend 0..n-1, weight, [sum if n > 1], y, inverse_rms.
template <class Spec, int N> __device__ void rms_norm_generic(const Pointers<N> &buffers) {
  using T = typename Spec::type;
  constexpr int64 cols = Spec::cols;
  constexpr int addends = int(Spec::addends);
  __shared__ float scratch[32];
  int64 row = blockIdx.x, base = row * cols;
  const T *weight = buffers.template get<const T>(addends);
  T *sum = buffers.template get<T>(addends > 1 ? addends + 1 : 0);
  T *y = buffers.template get<T>(addends + (addends > 1 ? 2 : 1));
  float *inverse_rms = buffers.template get<float>(addends + (addends > 1 ? 3 : 2));

  float squares = 0;
  for (int64 i = threadIdx.x; i < cols; i += blockDim.x) {
    float x = to_float(buffers.template get<const T>(0)[base + i]);
    if constexpr (addends > 1) {
      for (int a = 1; a < addends; ++a)
        x += to_float(buffers.template get<const T>(a)[base + i]);
      T rounded = from_float<T>(x);
      sum[base + i] = rounded;
      x = to_float(rounded);
    }
    squares += x * x;
  }
  float r = rsqrtf(block_sum(squares, scratch) / float(cols) + float(Spec::eps));
  const T *x = addends > 1 ? sum : buffers.template get<const T>(0); // a thread reads what it wrote
  for (int64 i = threadIdx.x; i < cols; i += blockDim.x)
    y[base + i] = from_float<T>(to_float(x[base + i]) * r * (to_float(weight[i]) + 1.0f));
  if (threadIdx.x == 0)
    inverse_rms[row] = r;
}

} // namespace step37
