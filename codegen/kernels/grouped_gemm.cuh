// Products over the rows of each expert (families grouped_gemm, grouped_gemm_grad), any shape. A
// block computes a 64 × 64 tile; which expert's, it finds from the offsets. Tiles pass through
// shared memory as f32, and every element of the result is summed by one thread, in order.
#pragma once

#include "common.cuh"

namespace step37 {

constexpr int grouped_tile = 64, grouped_depth = 16, grouped_side = 16,
              grouped_each = grouped_tile / grouped_side;
static_assert(Launch::tile == grouped_tile && Launch::depth == grouped_depth &&
              Launch::threads == grouped_side * grouped_side);

/// Lines of an operand of a product and the depth that is summed over: element (line, depth) is at
/// from[line·line_stride + depth·depth_stride].
template <class T> struct GroupedOperand {
  const T *from;
  int64 lines, line_stride, depth_stride;
};

template <class T>
__device__ void grouped_load(float (&tile)[grouped_depth][grouped_tile + 1],
                             const GroupedOperand<T> &operand, int64 first_line, int64 first_depth,
                             int64 depth) {
  constexpr int elements = grouped_tile * grouped_depth;
  for (int i = threadIdx.x; i < elements; i += block_threads) {
    // Neighbouring threads go along the dimension that is contiguous in memory.
    bool along_depth = operand.depth_stride == 1;
    int line = along_depth ? i / grouped_depth : i % grouped_tile;
    int d = along_depth ? i % grouped_depth : i / grouped_tile;
    bool inside = first_line + line < operand.lines && first_depth + d < depth;
    tile[d][line] = inside ? to_float(operand.from[(first_line + line) * operand.line_stride +
                                                   (first_depth + d) * operand.depth_stride])
                           : 0.0f;
  }
}

/// sums[i][j] = Σ over the depth of a(line y + 16·i)·b(line x + 16·j), from the tile's first lines
/// on.
template <class T>
__device__ void grouped_product(float (&sums)[grouped_each][grouped_each],
                                const GroupedOperand<T> &a, const GroupedOperand<T> &b,
                                int64 a_line, int64 b_line, int64 depth) {
  __shared__ float a_tile[grouped_depth][grouped_tile + 1], b_tile[grouped_depth][grouped_tile + 1];
  int x = threadIdx.x % grouped_side, y = threadIdx.x / grouped_side;
  for (int64 at = 0; at < depth; at += grouped_depth) {
    __syncthreads();
    grouped_load(a_tile, a, a_line, at, depth);
    grouped_load(b_tile, b, b_line, at, depth);
    __syncthreads();
#pragma unroll
    for (int d = 0; d < grouped_depth; ++d)
#pragma unroll
      for (int i = 0; i < grouped_each; ++i)
#pragma unroll
        for (int j = 0; j < grouped_each; ++j)
          sums[i][j] += a_tile[d][y + i * grouped_side] * b_tile[d][x + j * grouped_side];
  }
}

/// Grid: column tiles, row tiles (as many as any distribution of the rows over the experts needs;
/// the last ones may find nothing to do). Rows behind the last expert's are a product of depth 0.
template <class Spec, class Arguments>
__device__ void grouped_gemm_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  const int *offsets = arguments.offsets();
  __shared__ int64 found[3]; // expert, first row, end of its rows
  if (threadIdx.x == 0) {
    int64 tile = blockIdx.y;
    found[0] = -1;
    for (int e = 0; e <= Spec::groups && found[0] < 0; ++e) {
      int64 begin = offsets[e], end = e < Spec::groups ? offsets[e + 1] : Spec::rows,
            tiles = ceil_div(end - begin, grouped_tile);
      if (tile < tiles) {
        found[0] = e;
        found[1] = begin + tile * grouped_tile;
        found[2] = end;
      }
      tile -= tiles;
    }
  }
  __syncthreads();
  int64 expert = found[0], row = found[1], end = found[2],
        column = int64(blockIdx.x) * grouped_tile;
  if (expert < 0)
    return;
  int64 depth = expert < Spec::groups ? Spec::k : 0;
  GroupedOperand<T> x{arguments.x(), end, Spec::k, 1};
  const T *weight = arguments.w() + expert * Spec::n * Spec::k;
  GroupedOperand<T> w{weight, Spec::n, Spec::transpose_b ? Spec::k : 1,
                      Spec::transpose_b ? 1 : Spec::n};
  float sums[grouped_each][grouped_each] = {};
  grouped_product(sums, x, w, row, column, depth);
  T *out = arguments.out();
  int tx = threadIdx.x % grouped_side, ty = threadIdx.x / grouped_side;
#pragma unroll
  for (int i = 0; i < grouped_each; ++i)
#pragma unroll
    for (int j = 0; j < grouped_each; ++j) {
      int64 r = row + ty + i * grouped_side, c = column + tx + j * grouped_side;
      if (r < end && c < Spec::n)
        out[r * Spec::n + c] = from_float<T>(sums[i][j]);
    }
}

/// Grid: tiles of n, tiles of m, experts. An expert without rows keeps beta·dw, which is not
/// touched if beta is 1.
template <class Spec, class Arguments>
__device__ void grouped_gemm_grad_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  using G = typename Spec::grad_type;
  const int *offsets = arguments.offsets();
  int64 expert = blockIdx.z, begin = offsets[expert], rows = offsets[expert + 1] - begin;
  float beta = *arguments.beta();
  if (rows == 0 && beta == 1.0f)
    return; // nothing to add
  int64 line = int64(blockIdx.y) * grouped_tile, column = int64(blockIdx.x) * grouped_tile;
  GroupedOperand<T> a{arguments.a() + begin * Spec::m, Spec::m, 1, Spec::m};
  GroupedOperand<T> b{arguments.b() + begin * Spec::n, Spec::n, 1, Spec::n};
  float sums[grouped_each][grouped_each] = {};
  grouped_product(sums, a, b, line, column, rows);
  G *dw = arguments.dw() + expert * Spec::m * Spec::n;
  int tx = threadIdx.x % grouped_side, ty = threadIdx.x / grouped_side;
#pragma unroll
  for (int i = 0; i < grouped_each; ++i)
#pragma unroll
    for (int j = 0; j < grouped_each; ++j) {
      int64 r = line + ty + i * grouped_side, c = column + tx + j * grouped_side;
      if (r < Spec::m && c < Spec::n) {
        G &element = dw[r * Spec::n + c];
        element = from_float<G>(beta == 0.0f ? sums[i][j] : beta * to_float(element) + sums[i][j]);
      }
    }
}

} // namespace step37
