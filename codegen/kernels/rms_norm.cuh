// RMS norm of a sum and its gradient (families rms_norm, rms_norm_grad), any shape. Forward: a
// block a row, which stays in registers between its two uses. Gradient: a block for the rows of one
// part of the workspace, two rows at a time; a second launch sums the parts of dweight in order.
#pragma once

#include "column_sums.cuh"
#include "vector.cuh"

namespace step37 {

/// One block a row.
template <class Spec, class Arguments>
__device__ void rms_norm_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols), addends = int(Spec::addends);
  constexpr int W = common_width(full_width<T>, cols);
  constexpr int packs = int(ceil_div(cols, W * block_threads));
  constexpr bool sums = addends > 1;
  __shared__ float scratch[warp_size];
  int64 base = int64(blockIdx.x) * cols;
  const T *weight = arguments.weight();
  T *y = arguments.y() + base;
  float *inverse_rms = arguments.inverse_rms();

  float x[packs][W], squares = 0;
  for_each_column<W, cols, block_threads>(threadIdx.x, [&](int pack, int column) {
    load<W>(arguments.addend(0) + base + column, x[pack]);
#pragma unroll
    for (int a = 1; a < addends; ++a) {
      float addend[W];
      load<W>(arguments.addend(a) + base + column, addend);
#pragma unroll
      for (int i = 0; i < W; ++i)
        x[pack][i] += addend[i];
    }
  });
  for_each_column<W, cols, block_threads>(threadIdx.x, [&](int pack, int column) {
    if constexpr (sums)
      store<W>(arguments.sum() + base + column, x[pack]);
#pragma unroll
    for (int i = 0; i < W; ++i) {
      x[pack][i] = sums ? rounded<T>(x[pack][i]) : x[pack][i];
      squares += x[pack][i] * x[pack][i];
    }
  });
  float r = rsqrtf(block_sum(squares, scratch) / float(cols) + float(Spec::eps));
  for_each_column<W, cols, block_threads>(threadIdx.x, [&](int pack, int column) {
    float scale[W];
    load_readonly<W>(weight + column, scale);
#pragma unroll
    for (int i = 0; i < W; ++i)
      scale[i] = x[pack][i] * r * (scale[i] + float(Spec::weight_offset));
    store<W>(y + column, scale);
  });
  if (threadIdx.x == 0)
    inverse_rms[blockIdx.x] = r;
}

/// Threads of a row of the gradient, and rows that a block has in flight.
constexpr int rms_grad_row_threads = 256;
template <class Spec>
constexpr int rms_grad_rows = int(Spec::Launch::row_threads) / rms_grad_row_threads;

/// Sum over rms_grad_row_threads consecutive threads, in a fixed order. Consecutive calls take
/// turns between two `scratch`es of one float a warp.
__device__ inline float rms_grad_row_sum(float value, float *scratch) {
  constexpr int warps = rms_grad_row_threads / warp_size;
  value = warp_sum(value);
  if (threadIdx.x % warp_size == 0)
    scratch[threadIdx.x / warp_size] = value;
  __syncthreads();
  const float *own = scratch + threadIdx.x / rms_grad_row_threads * warps;
  float total = 0;
#pragma unroll
  for (int i = 0; i < warps; ++i)
    total += own[i];
  return total;
}

/// One block of Launch::row_threads threads for each part of the workspace.
template <class Spec, class Arguments>
__device__ void rms_norm_grad_generic_rows(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int cols = int(Spec::cols), residuals = int(Spec::residuals),
                threads = rms_grad_row_threads;
  constexpr bool weighs = !Spec::frozen;
  constexpr int64 rows_per_block = Spec::Launch::rows_per_part;
  constexpr int W = common_width(full_width<T>, cols);
  constexpr int packs = int(ceil_div(cols, W * threads));
  __shared__ float scratch[2][rms_grad_rows<Spec> * threads / warp_size];
  const T *dy = arguments.dy(), *x = arguments.x();
  const T *weight = arguments.weight();
  const float *inverse_rms = arguments.inverse_rms();
  T *dx = arguments.dx();
  int group = threadIdx.x / threads, thread = threadIdx.x % threads;

  float sums[packs][W] = {}, scale[packs][W];
  for_each_column<W, cols, threads>(thread, [&](int pack, int column) {
    load_readonly<W>(weight + column, scale[pack]);
#pragma unroll
    for (int i = 0; i < W; ++i)
      scale[pack][i] += float(Spec::weight_offset);
  });

  int64 begin = int64(blockIdx.x) * rows_per_block;
  int64 end = begin + rows_per_block < Spec::rows ? begin + rows_per_block : Spec::rows;
  int turn = 0;
  for (int64 first = begin; first < end; first += rms_grad_rows<Spec>, turn ^= 1) {
    int64 row = first + group, base = row * cols;
    bool active = row < end;
    float r = active ? inverse_rms[row] : 0.0f;
    float u[packs][W] = {}, values[packs][W] = {}, rest[packs][W] = {};
    if (active)
      for_each_column<W, cols, threads>(thread, [&](int pack, int column) {
        load<W>(dy + base + column, u[pack]);
        load_readonly<W>(x + base + column, values[pack]);
#pragma unroll
        for (int a = 0; a < residuals; ++a) {
          float residual[W];
          load<W>(arguments.residual(a) + base + column, residual);
#pragma unroll
          for (int i = 0; i < W; ++i)
            rest[pack][i] += residual[i];
        }
      });
    float dot = 0;
    for_each_column<W, cols, threads>(thread, [&](int pack, int) {
#pragma unroll
      for (int i = 0; i < W; ++i) {
        sums[pack][i] += u[pack][i] * values[pack][i] * r;
        u[pack][i] *= scale[pack][i];
        dot += u[pack][i] * values[pack][i];
      }
    });
    float pull = rms_grad_row_sum(dot, scratch[turn]) / float(cols) * r * r * r;
    if (active)
      for_each_column<W, cols, threads>(thread, [&](int pack, int column) {
#pragma unroll
        for (int i = 0; i < W; ++i)
          u[pack][i] = r * u[pack][i] - values[pack][i] * pull + rest[pack][i];
        store<W>(dx + base + column, u[pack]);
      });
  }

  // The groups' sums, one after the other.
  if constexpr (weighs) {
    float *partial = arguments.workspace() + int64(blockIdx.x) * cols;
    for (int turn_of = 0; turn_of < rms_grad_rows<Spec>; ++turn_of) {
      if (group == turn_of)
        for_each_column<W, cols, threads>(thread, [&](int pack, int column) {
#pragma unroll
          for (int i = 0; i < W; ++i)
            partial[column + i] =
                turn_of == 0 ? sums[pack][i] : partial[column + i] + sums[pack][i];
        });
      __syncthreads();
    }
  }
}

/// One block for each Launch::columns columns.
template <class Spec, class Arguments>
__device__ void rms_norm_grad_generic_weight(const Arguments &arguments) {
  using G = typename Spec::grad_type;
  constexpr int residuals = int(Spec::residuals);
  float beta = *arguments.beta();
  G *dweight = arguments.dweight();
  sum_columns<typename Spec::Launch>(
      arguments.workspace(), ceil_div(Spec::rows, Spec::Launch::rows_per_part), int(Spec::cols),
      [&](int column, float sum) {
        dweight[column] = from_float<G>(accumulated(beta, dweight + column, sum));
      });
}

} // namespace step37
