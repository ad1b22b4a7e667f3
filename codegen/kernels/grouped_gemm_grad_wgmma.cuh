// Gradients of experts' weights on tensor cores: family grouped_gemm_grad, bf16 rows. The depth is
// an expert's rows, and both operands' lines are across it. Where they end is said to the copy
// engine, which fills with zeros behind: every expert has its own descriptions of a and b.
#pragma once

#include "grouped_pipeline.cuh"

namespace step37 {

/// One warp an expert.
template <class Spec, class Arguments>
__device__ void grouped_gemm_grad_wgmma_maps(const Arguments &arguments) {
  unsigned end = arguments.offsets()[blockIdx.x + 1];
  if (end == 0)
    return; // no rows, no description
  TensorMap *maps = tensor_maps(arguments.workspace()) + 2 * blockIdx.x;
  make_tensor_map<GroupedStep::depth>(maps, {arguments.a(), Spec::m, end, 1});
  make_tensor_map<GroupedStep::depth>(maps + 1, {arguments.b(), Spec::n, end, 1});
}

template <class Spec> struct GroupedGemmGradWork {
  static constexpr bool a_across = true, b_across = true;
  using G = typename Spec::grad_type;

  struct Tile {
    int expert, line, column, begin, steps;
  };

  /// Tiles expert by expert.
  struct Tiles {
    const int *offsets;

    __device__ bool find(int number, Tile &tile) const {
      constexpr int lines = int(ceil_div(Spec::m, GroupedStep::rows)),
                    columns = int(ceil_div(Spec::n, GroupedStep::cols)), each = lines * columns;
      if (number >= each * Spec::groups)
        return false;
      int expert = number / each, index = number % each;
      int begin = __ldg(offsets + expert), rows = __ldg(offsets + expert + 1) - begin;
      tile = {expert, index % lines * GroupedStep::rows, index / lines * GroupedStep::cols, begin,
              (rows + GroupedStep::depth - 1) / GroupedStep::depth};
      return true;
    }
  };

  const int *offsets;
  const TensorMap *maps;
  float beta;
  G *dw;

  __device__ Tiles tiles() const { return {offsets}; }

  __device__ void begin_copies() const {}

  __device__ void copy(const Tile &tile, int step, GroupedStep to, unsigned barrier) const {
    const TensorMap *map = maps + 2 * tile.expert;
    if (step == 0) {
      acquire_tensor_map(map);
      acquire_tensor_map(map + 1);
    }
    int row = tile.begin + step * GroupedStep::depth;
#pragma unroll
    for (int panel = 0; panel < GroupedStep::rows / 64; ++panel)
      tensor_load(to.a + panel * GroupedStep::panel_bytes, map, tile.line + 64 * panel, row, 0,
                  barrier);
#pragma unroll
    for (int panel = 0; panel < GroupedStep::cols / 64; ++panel)
      tensor_load(to.b + panel * GroupedStep::panel_bytes, map + 1, tile.column + 64 * panel, row,
                  0, barrier);
    if (beta != 0.0f)
      fetch_old(tile, step);
  }

  /// So that the old gradient is near when the sums are ready: a part of its lines at each step.
  __device__ void fetch_old(const Tile &tile, int step) const {
    int bytes = min(GroupedStep::cols, int(Spec::n) - tile.column) * int(sizeof(G));
    int lines = min(GroupedStep::rows, int(Spec::m) - tile.line);
    for (int line = lines * step / tile.steps; line < lines * (step + 1) / tile.steps; ++line)
      prefetch_bytes(first_of(tile) + line * Spec::n, bytes);
  }

  __device__ G *first_of(const Tile &tile) const {
    return dw + (tile.expert * Spec::m + tile.line) * Spec::n + tile.column;
  }

  __device__ void finish(const Tile &tile, GroupedSums &sums) const {
    if (tile.steps == 0 && beta == 1.0f)
      return; // nothing to add
    G *to = first_of(tile);
    int rows = int(Spec::m) - tile.line, cols = int(Spec::n) - tile.column;
    if (beta != 0.0f)
      add_old(to, sums, rows, cols);
    store_chunks<GroupedStep::cols / 8, Spec::n>(to, sums.at, 0, rows, cols);
  }

  /// sums += beta·dw. What is read at a time is under way together.
  __device__ void add_old(const G *from, GroupedSums &sums, int rows, int cols) const {
    constexpr int at_a_time = 8;
    int pair = threadIdx.x % 4, row = sums_row();
    from += row * Spec::n + 2 * pair;
    cols -= 2 * pair;
#pragma unroll
    for (int first = 0; first < GroupedStep::cols / 8; first += at_a_time) {
      float old[at_a_time][2][2] = {};
#pragma unroll
      for (int i = 0; i < at_a_time; ++i)
#pragma unroll
        for (int half = 0; half < 2; ++half)
          if (row + 8 * half < rows && 8 * (first + i) < cols)
            load<2>(from + 8 * half * Spec::n + 8 * (first + i), old[i][half]);
#pragma unroll
      for (int i = 0; i < 4 * at_a_time; ++i)
        sums.at[4 * first + i] += beta * old[i / 4][i / 2 % 2][i % 2];
    }
  }
};

template <class Spec, class Arguments>
__device__ void grouped_gemm_grad_wgmma(const Arguments &arguments) {
  grouped_products(GroupedGemmGradWork<Spec>{
      arguments.offsets(), tensor_maps(arguments.workspace()), *arguments.beta(), arguments.dw()});
}

} // namespace step37
