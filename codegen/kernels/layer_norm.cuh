// Layer norm and its gradient (families layer_norm, layer_norm_grad), any shape. Forward: a block a
// row, which stays in registers between its uses. Gradient: a block for the rows of one part of the
// workspace; a second launch sums the parts of the weights' gradients in order.
#pragma once

#include "column_sums.cuh"
#include "vector.cuh"

namespace step37 {

/// One block a row.
template <class Spec, class Arguments>
__device__ void layer_norm_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols);
  constexpr int W = common_width(full_width<T>, cols);
  constexpr int packs = int(ceil_div(cols, W * block_threads));
  __shared__ float scratch[warp_size];
  int64 base = int64(blockIdx.x) * cols;
  const T *weight = arguments.weight(), *bias = arguments.bias();

  float x[packs][W], sum = 0, squares = 0;
  for_each_column<W, cols, block_threads>(threadIdx.x, [&](int pack, int column) {
    load<W>(arguments.x() + base + column, x[pack]);
#pragma unroll
    for (int i = 0; i < W; ++i)
      sum += x[pack][i];
  });
  float mean = block_sum(sum, scratch) / float(cols);
  for_each_column<W, cols, block_threads>(threadIdx.x, [&](int pack, int) {
#pragma unroll
    for (int i = 0; i < W; ++i) {
      x[pack][i] -= mean;
      squares += x[pack][i] * x[pack][i];
    }
  });
  float inverse = rsqrtf(block_sum(squares, scratch) / float(cols) + float(Spec::eps));
  for_each_column<W, cols, block_threads>(threadIdx.x, [&](int pack, int column) {
    float scale[W], shift[W];
    load_readonly<W>(weight + column, scale);
    load_readonly<W>(bias + column, shift);
#pragma unroll
    for (int i = 0; i < W; ++i)
      scale[i] = x[pack][i] * inverse * scale[i] + shift[i];
    store<W>(arguments.y() + base + column, scale);
  });
  if (threadIdx.x == 0) {
    arguments.mean()[blockIdx.x] = mean;
    arguments.inverse_deviation()[blockIdx.x] = inverse;
  }
}

/// One block for each part of the workspace.
template <class Spec, class Arguments>
__device__ void layer_norm_grad_generic_rows(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols);
  constexpr int64 rows_per_block = Spec::Launch::rows_per_part;
  constexpr int threads = int(Spec::Launch::row_threads);
  constexpr int W = common_width(full_width<T>, cols);
  constexpr int packs = int(ceil_div(cols, W * threads));
  __shared__ float scratch[warp_size];
  const T *dy = arguments.dy(), *x = arguments.x();
  const T *weight = arguments.weight();
  const float *means = arguments.mean(), *inverses = arguments.inverse_deviation();
  T *dx = arguments.dx();
  float *partial = arguments.workspace() + int64(blockIdx.x) * 2 * cols;

  float weight_sums[packs][W] = {}, bias_sums[packs][W] = {};
  int64 begin = int64(blockIdx.x) * rows_per_block;
  int64 end = begin + rows_per_block < Spec::rows ? begin + rows_per_block : Spec::rows;
  for (int64 row = begin; row < end; ++row) {
    float mean = means[row], inverse = inverses[row], sum = 0, dot = 0;
    float u[packs][W], n[packs][W];
    for_each_column<W, cols, threads>(threadIdx.x, [&](int pack, int column) {
      float scale[W];
      load<W>(dy + row * cols + column, u[pack]);
      load_readonly<W>(x + row * cols + column, n[pack]);
      load_readonly<W>(weight + column, scale);
#pragma unroll
      for (int i = 0; i < W; ++i) {
        n[pack][i] = (n[pack][i] - mean) * inverse;
        weight_sums[pack][i] += u[pack][i] * n[pack][i];
        bias_sums[pack][i] += u[pack][i];
        u[pack][i] *= scale[i];
        sum += u[pack][i];
        dot += u[pack][i] * n[pack][i];
      }
    });
    sum = block_sum(sum, scratch) / float(cols);
    dot = block_sum(dot, scratch) / float(cols);
    for_each_column<W, cols, threads>(threadIdx.x, [&](int pack, int column) {
#pragma unroll
      for (int i = 0; i < W; ++i)
        u[pack][i] = inverse * (u[pack][i] - sum - n[pack][i] * dot);
      store<W>(dx + row * cols + column, u[pack]);
    });
  }
  for_each_column<W, cols, threads>(threadIdx.x, [&](int pack, int column) {
#pragma unroll
    for (int i = 0; i < W; ++i) {
      partial[column + i] = weight_sums[pack][i];
      partial[cols + column + i] = bias_sums[pack][i];
    }
  });
}

/// One block for each Launch::columns columns of weights and biases.
template <class Spec, class Arguments>
__device__ void layer_norm_grad_generic_weights(const Arguments &arguments) {
  using G = typename Spec::grad_type;
  constexpr int cols = int(Spec::cols);
  float beta = *arguments.beta();
  sum_columns<typename Spec::Launch>(
      arguments.workspace(), ceil_div(Spec::rows, Spec::Launch::rows_per_part), 2 * cols,
      [&](int column, float sum) {
        G *to = (column < cols ? arguments.dweight() : arguments.dbias()) + column % cols;
        *to = from_float<G>(accumulated(beta, to, sum));
      });
}

} // namespace step37
