// Dense products of any types, strides and transposes: family gemm, for what the library does not
// take. A block computes a tile of c. Tiles of a and b pass through shared memory as f32, the next
// ones through registers meanwhile.
#pragma once

#include "common.cuh"

namespace step37 {

/// A block's tile of c is gemm_tile × gemm_tile, in steps of gemm_depth along k; a thread has
/// gemm_each × gemm_each elements of it, gemm_side apart.
constexpr int gemm_tile = 64, gemm_depth = 16, gemm_side = 16, gemm_each = gemm_tile / gemm_side;
static_assert(Launch::tile == gemm_tile && Launch::depth == gemm_depth &&
              Launch::threads == gemm_side * gemm_side);

/// A tile of op(x): `lines` are rows of op(a) or columns of op(b). `along_k`: consecutive elements
/// in memory go along k.
template <class T, bool along_k, int64 lines, int64 k, int64 stride> struct GemmTile {
  static constexpr int elements = gemm_tile * gemm_depth / block_threads;
  float values[elements]; // on the way

  /// Neighbouring threads read neighbouring elements.
  static __device__ int line_of(int i) {
    int at = i * block_threads + threadIdx.x;
    return along_k ? at / gemm_depth : at % gemm_tile;
  }
  static __device__ int depth_of(int i) {
    int at = i * block_threads + threadIdx.x;
    return along_k ? at % gemm_depth : at / gemm_tile;
  }

  __device__ void fetch(const T *x, int64 first_line, int64 first_depth) {
#pragma unroll
    for (int i = 0; i < elements; ++i) {
      int64 line = first_line + line_of(i), depth = first_depth + depth_of(i);
      bool inside = line < lines && depth < k;
      values[i] =
          inside ? to_float(x[along_k ? line * stride + depth : depth * stride + line]) : 0.0f;
    }
  }

  /// An odd row length spreads both ways of writing over the banks.
  __device__ void put(float (&tile)[gemm_depth][gemm_tile + 1]) const {
#pragma unroll
    for (int i = 0; i < elements; ++i)
      tile[depth_of(i)][line_of(i)] = values[i];
  }
};

/// One block a tile of c, tiles row by row.
template <class Spec, class Arguments> __device__ void gemm_generic(const Arguments &arguments) {
  using A = typename Spec::a_type;
  using B = typename Spec::b_type;
  using C = typename Spec::c_type;
  __shared__ float a_tile[gemm_depth][gemm_tile + 1], b_tile[gemm_depth][gemm_tile + 1];
  GemmTile<A, !Spec::transpose_a, Spec::m, Spec::k, Spec::a_stride> a;
  GemmTile<B, Spec::transpose_b, Spec::n, Spec::k, Spec::b_stride> b;
  const A *a_from = arguments.a();
  const B *b_from = arguments.b();
  int64 row = int64(blockIdx.x / ceil_div(Spec::n, gemm_tile)) * gemm_tile;
  int64 column = int64(blockIdx.x % ceil_div(Spec::n, gemm_tile)) * gemm_tile;
  int x = threadIdx.x % gemm_side, y = threadIdx.x / gemm_side;

  float sums[gemm_each][gemm_each] = {};
  a.fetch(a_from, row, 0);
  b.fetch(b_from, column, 0);
  for (int64 depth = 0; depth < Spec::k; depth += gemm_depth) {
    a.put(a_tile);
    b.put(b_tile);
    __syncthreads();
    a.fetch(a_from, row, depth + gemm_depth);
    b.fetch(b_from, column, depth + gemm_depth);
#pragma unroll 8
    for (int d = 0; d < gemm_depth; ++d) {
      float from_a[gemm_each], from_b[gemm_each];
#pragma unroll
      for (int i = 0; i < gemm_each; ++i) {
        from_a[i] = a_tile[d][y + i * gemm_side];
        from_b[i] = b_tile[d][x + i * gemm_side];
      }
#pragma unroll
      for (int i = 0; i < gemm_each; ++i)
#pragma unroll
        for (int j = 0; j < gemm_each; ++j)
          sums[i][j] += from_a[i] * from_b[j];
    }
    __syncthreads();
  }

  C *c = arguments.c();
  float beta = 0;
  if constexpr (Spec::accumulate)
    beta = *arguments.beta();
#pragma unroll
  for (int i = 0; i < gemm_each; ++i)
#pragma unroll
    for (int j = 0; j < gemm_each; ++j) {
      int64 at_row = row + y + i * gemm_side, at_column = column + x + j * gemm_side;
      if (at_row < Spec::m && at_column < Spec::n) {
        C *to = c + at_row * Spec::c_stride + at_column;
        *to = from_float<C>(beta == 0.0f ? sums[i][j] : sums[i][j] + beta * to_float(*to));
      }
    }
}

} // namespace step37
