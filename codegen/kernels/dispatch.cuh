// Rows of tokens to rows sorted by expert, back as a (weighted) sum per token, and that sum's
// gradient: families dispatch, combine and combine_grad.
#pragma once

#include "copy_rows.cuh"

namespace step37 {

/// One block a row of out.
template <class Spec, class Arguments>
__device__ void dispatch_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  int slot = arguments.row_slot()[blockIdx.x];
  T *out = arguments.out() + int64(blockIdx.x) * Spec::cols;
  if (slot < 0)
    zero_row<int(Spec::cols)>(out);
  else
    copy_row<int(Spec::cols)>(arguments.x() + int64(slot / int(Spec::top_k)) * Spec::cols, out);
}

/// One block a token.
template <class Spec, class Arguments> __device__ void combine_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols), top_k = int(Spec::top_k);
  constexpr int W = common_width(full_width<T>, cols);
  const T *rows = arguments.routed();
  int64 first = int64(blockIdx.x) * top_k;
  const int *slot_row = arguments.slot_row() + first;
  const float *weights = arguments.weights() + first;
  T *out = arguments.out() + int64(blockIdx.x) * cols;
  for (int column = threadIdx.x * W; column < cols; column += block_threads * W) {
    float sum[W] = {};
#pragma unroll 8
    for (int j = 0; j < top_k; ++j) {
      int row = __ldg(slot_row + j);
      if (row < 0)
        continue;
      float values[W], weight = Spec::weighted ? __ldg(weights + j) : 1.0f;
      load_readonly<W>(rows + int64(row) * cols + column, values);
#pragma unroll
      for (int i = 0; i < W; ++i)
        sum[i] += weight * values[i];
    }
    store<W>(out + column, sum);
  }
}

/// One warp a row of drows.
template <class Spec, class Arguments>
__device__ void combine_grad_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols);
  constexpr int W = common_width(full_width<T>, cols);
  float *dweights = arguments.dweights();
  int64 thread = int64(blockIdx.x) * block_threads + threadIdx.x,
        threads = int64(gridDim.x) * block_threads;
  for (int64 slot = thread; slot < Spec::tokens * Spec::top_k; slot += threads)
    if (arguments.slot_row()[slot] < 0)
      dweights[slot] = 0;

  int64 row = thread / warp_size;
  if (row >= Spec::rows)
    return;
  int lane = threadIdx.x % warp_size;
  int slot = arguments.row_slot()[row];
  T *drow = arguments.drouted() + row * cols;
  if (slot < 0) {
    for (int column = lane * W; column < cols; column += warp_size * W)
      store<W>(drow + column, {});
    return;
  }
  const T *dout = arguments.dout() + int64(slot / int(Spec::top_k)) * cols;
  const T *values = arguments.routed() + row * cols;
  float weight = arguments.weights()[slot], dot = 0;
#pragma unroll 4
  for (int column = lane * W; column < cols; column += warp_size * W) {
    float dy[W], value[W];
    load_readonly<W>(dout + column, dy);
    load_readonly<W>(values + column, value);
#pragma unroll
    for (int i = 0; i < W; ++i) {
      dot += dy[i] * value[i];
      dy[i] *= weight;
    }
    store<W>(drow + column, dy);
  }
  dot = warp_sum(dot);
  if (lane == 0)
    dweights[slot] = dot;
}

} // namespace step37
