// Products of experts' rows with their weights on tensor cores: family grouped_gemm, bf16. Rows of
// x go along the depth k; the weight's lines do with transpose_b, otherwise they are across it.
#pragma once

#include "grouped_pipeline.cuh"

namespace step37 {

/// Rows of one expert, or of none, and columns of the result.
struct ExpertTile {
  int expert, row, rows_left, column, steps;
};

/// Tiles expert by expert, so that the blocks that run together share its weight and rows; behind
/// the last expert those of the rows that belong to none, which have no depth.
template <class Spec, int tile_cols> struct ExpertTiles {
  const int *offsets;
  int expert = 0, first = 0; // its first tile

  __device__ bool find(int number, ExpertTile &tile) {
    constexpr int column_tiles = int(ceil_div(Spec::n, tile_cols));
    for (; expert <= Spec::groups; ++expert) {
      int begin = __ldg(offsets + expert);
      int rows = (expert < Spec::groups ? __ldg(offsets + expert + 1) : int(Spec::rows)) - begin;
      int row_tiles = (rows + GroupedStep::rows - 1) / GroupedStep::rows;
      if (int index = number - first; index < row_tiles * column_tiles) {
        int row = index % row_tiles * GroupedStep::rows;
        tile = {expert, begin + row, rows - row, index / row_tiles * tile_cols,
                expert < Spec::groups ? int(ceil_div(Spec::k, GroupedStep::depth)) : 0};
        return true;
      }
      first += row_tiles * column_tiles;
    }
    return false;
  }
};

/// Rows that are copied at a time.
constexpr int grouped_box = 128;

template <class Spec, class Arguments>
__device__ void grouped_gemm_wgmma_maps(const Arguments &arguments) {
  constexpr int w_box = Spec::transpose_b ? grouped_box : GroupedStep::depth;
  TensorMap *maps = tensor_maps(arguments.workspace());
  make_tensor_map<grouped_box>(maps, {arguments.x(), Spec::k, Spec::rows, 1});
  if constexpr (Spec::transpose_b)
    make_tensor_map<w_box>(maps + 1, {arguments.w(), Spec::k, Spec::n, Spec::groups});
  else
    make_tensor_map<w_box>(maps + 1, {arguments.w(), Spec::n, Spec::k, Spec::groups});
}

template <class Spec> struct GroupedGemmWork {
  static constexpr bool a_across = false, b_across = !Spec::transpose_b;
  using Tile = ExpertTile;
  using Tiles = ExpertTiles<Spec, GroupedStep::cols>;
  const int *offsets;
  const TensorMap *maps;
  bf16 *out;

  __device__ Tiles tiles() const { return {offsets}; }

  __device__ void begin_copies() const {
    acquire_tensor_map(maps);
    acquire_tensor_map(maps + 1);
  }

  __device__ void copy(const Tile &tile, int step, GroupedStep to, unsigned barrier) const {
    int depth = step * GroupedStep::depth;
    tensor_load(to.a, maps, depth, tile.row, 0, barrier);
    if constexpr (Spec::transpose_b) {
#pragma unroll
      for (int line = 0; line < GroupedStep::cols; line += grouped_box)
        tensor_load(to.b + line * GroupedStep::row_bytes, maps + 1, depth, tile.column + line,
                    tile.expert, barrier);
    } else {
#pragma unroll
      for (int panel = 0; panel < GroupedStep::cols / 64; ++panel)
        tensor_load(to.b + panel * GroupedStep::panel_bytes, maps + 1, tile.column + 64 * panel,
                    depth, tile.expert, barrier);
    }
  }

  __device__ void finish(const Tile &tile, const GroupedSums &sums) const {
    store_chunks<GroupedStep::cols / 8, Spec::n>(out + tile.row * Spec::n + tile.column, sums.at, 0,
                                                 tile.rows_left, int(Spec::n) - tile.column);
  }
};

template <class Spec, class Arguments>
__device__ void grouped_gemm_wgmma(const Arguments &arguments) {
  grouped_products(GroupedGemmWork<Spec>{arguments.offsets(), tensor_maps(arguments.workspace()),
                                         arguments.out()});
}

} // namespace step37
