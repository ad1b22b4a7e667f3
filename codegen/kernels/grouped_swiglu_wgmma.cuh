// Packed gate and up projections of experts' rows on tensor cores, activated before they leave the
// registers: family grouped_swiglu, bf16. A tile has 128 gates and the 128 ups that belong to them,
// so that a thread holds both of each pair.
#pragma once

#include "grouped_gemm_wgmma.cuh"
#include "swiglu.cuh"

namespace step37 {

template <class Spec, class Arguments>
__device__ void grouped_swiglu_wgmma_maps(const Arguments &arguments) {
  TensorMap *maps = tensor_maps(arguments.workspace());
  make_tensor_map<grouped_box>(maps, {arguments.x(), Spec::k, Spec::rows, 1});
  make_tensor_map<grouped_box>(maps + 1, {arguments.w(), Spec::k, 2 * Spec::n, Spec::groups});
}

template <class Spec> struct GroupedSwigluWork {
  static constexpr bool a_across = false, b_across = false;
  static constexpr int pairs = GroupedStep::cols / 2, chunks = pairs / 8;
  using Tile = ExpertTile;
  using Tiles = ExpertTiles<Spec, pairs>;
  const int *offsets;
  const TensorMap *maps;
  bf16 *gate_up, *out;

  __device__ Tiles tiles() const { return {offsets}; }

  __device__ void begin_copies() const {
    acquire_tensor_map(maps);
    acquire_tensor_map(maps + 1);
  }

  __device__ void copy(const Tile &tile, int step, GroupedStep to, unsigned barrier) const {
    int depth = step * GroupedStep::depth;
    tensor_load(to.a, maps, depth, tile.row, 0, barrier);
    tensor_load(to.b, maps + 1, depth, tile.column, tile.expert, barrier);
    tensor_load(to.b + pairs * GroupedStep::row_bytes, maps + 1, depth, int(Spec::n) + tile.column,
                tile.expert, barrier);
  }

  __device__ void finish(const Tile &tile, GroupedSums &sums) const {
    constexpr int64 packed = 2 * Spec::n;
    int rows = tile.rows_left, cols = int(Spec::n) - tile.column;
    bf16 *gates = gate_up + tile.row * packed + tile.column;
    store_chunks<chunks, packed>(gates, sums.at, 0, rows, cols);
    store_chunks<chunks, packed>(gates + Spec::n, sums.at, chunks, rows, cols);
    bf16 *values = out + tile.row * Spec::n + tile.column;
    SwigluBounds<Spec> bounds;
#pragma unroll
    for (int chunk = 0; chunk < chunks; chunk += 4) {
#pragma unroll
      for (int i = 4 * chunk; i < 4 * (chunk + 4); ++i) {
        if (i % 8 == 0)
          hold(sums.at); // a few at a time: registers are short
        sums.at[i] =
            swiglu_value(bounds, rounded<bf16>(sums.at[i]), rounded<bf16>(sums.at[4 * chunks + i]));
      }
      store_chunks<4, Spec::n>(values + 8 * chunk, sums.at, chunk, rows, cols - 8 * chunk);
    }
  }
};

template <class Spec, class Arguments>
__device__ void grouped_swiglu_wgmma(const Arguments &arguments) {
  grouped_products(GroupedSwigluWork<Spec>{arguments.offsets(), tensor_maps(arguments.workspace()),
                                           arguments.gate_up(), arguments.out()});
}

} // namespace step37
