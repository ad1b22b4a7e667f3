// Stable counting sort of token slots by expert: family sort_by_expert. Slots are cut into tiles.
// Three launches: the number of slots of each expert in each tile; where each tile's slots of each
// expert begin; the slots to their places, a warp a tile. Counts of a tile are kept where the
// tile's own results go later (slot_row), which therefore has room for all experts; of a single
// tile, which may be shorter, in offsets. Slots of no expert are counted nowhere.
#pragma once

#include "common.cuh"

namespace step37 {

template <class Spec> struct SortTiles {
  static constexpr int experts = int(Spec::experts);
  static constexpr int64 slots = Spec::tokens * Spec::top_k;
  static constexpr int64 size = Spec::Launch::tile_slots;
  static constexpr int64 count = Spec::Launch::tiles; // the last one takes the rest
  static_assert(size >= experts, "a tile has room for a count of every expert");
  static __device__ int64 begin(int64 tile) { return tile * size; }
  static __device__ int64 end(int64 tile) { return tile == count - 1 ? slots : (tile + 1) * size; }
  static __device__ bool held(int expert) { return expert >= 0 && expert < experts; }
};

/// Arguments of all stages: chosen, offsets, row_slot, slot_row.
template <class Spec, class Arguments>
__device__ void sort_by_expert_generic_count(const Arguments &arguments) {
  using Tiles = SortTiles<Spec>;
  __shared__ int counts[Tiles::experts];
  const int *chosen = arguments.chosen();
  for (int64 tile = blockIdx.x; tile < Tiles::count; tile += gridDim.x) {
    for (int expert = threadIdx.x; expert < Tiles::experts; expert += blockDim.x)
      counts[expert] = 0;
    __syncthreads();
    for (int64 slot = Tiles::begin(tile) + threadIdx.x; slot < Tiles::end(tile); slot += blockDim.x)
      if (int expert = chosen[slot]; Tiles::held(expert))
        atomicAdd(&counts[expert], 1);
    __syncthreads();
    int *to = Tiles::count == 1 ? arguments.offsets() : arguments.slot_row() + Tiles::begin(tile);
    for (int expert = threadIdx.x; expert < Tiles::experts; expert += blockDim.x)
      to[expert] = counts[expert];
    __syncthreads(); // before the next tile's zeros
  }
}

/// Sum of the values of this lane and those before it.
__device__ inline int warp_inclusive_sum(int value) {
  int lane = threadIdx.x % warp_size;
#pragma unroll
  for (int distance = 1; distance < warp_size; distance *= 2) {
    int before = __shfl_up_sync(0xffffffffu, value, distance);
    value += lane >= distance ? before : 0;
  }
  return value;
}

/// One block. Turns counts into sums over earlier tiles, and totals into offsets, none of them
/// beyond the rows there are: an expert that would begin there gets none, whatever it counts.
template <class Spec, class Arguments>
__device__ void sort_by_expert_generic_scan(const Arguments &arguments) {
  using Tiles = SortTiles<Spec>;
  __shared__ int totals[Tiles::experts];
  int *offsets = arguments.offsets(), *slot_row = arguments.slot_row();
  int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size,
      warps = blockDim.x / warp_size;
  for (int expert = warp; expert < Tiles::experts; expert += warps) {
    int total = 0;
    if constexpr (Tiles::count == 1)
      total = offsets[expert];
    else
      for (int64 first = 0; first < Tiles::count; first += warp_size) {
        int64 tile = first + lane;
        int count = tile < Tiles::count ? slot_row[Tiles::begin(tile) + expert] : 0;
        int sum = warp_inclusive_sum(count);
        if (tile < Tiles::count)
          slot_row[Tiles::begin(tile) + expert] = total + sum - count;
        total += __shfl_sync(0xffffffffu, sum, warp_size - 1);
      }
    if (lane == 0)
      totals[expert] = total;
  }
  __syncthreads();
  if (warp != 0)
    return;
  int before = 0;
  for (int first = 0; first < Tiles::experts; first += warp_size) {
    int expert = first + lane;
    int count = expert < Tiles::experts ? totals[expert] : 0;
    int sum = warp_inclusive_sum(count);
    if (expert < Tiles::experts)
      offsets[expert] = min(before + sum - count, int(Spec::rows));
    before += __shfl_sync(0xffffffffu, sum, warp_size - 1);
  }
  if (lane == 0)
    offsets[Tiles::experts] = min(before, int(Spec::rows));
}

/// One warp, which is the block, a tile.
template <class Spec, class Arguments>
__device__ void sort_by_expert_generic_place(const Arguments &arguments) {
  using Tiles = SortTiles<Spec>;
  __shared__ int next[Tiles::experts];
  const int *chosen = arguments.chosen(), *offsets = arguments.offsets();
  int *row_slot = arguments.row_slot(), *slot_row = arguments.slot_row();
  int lane = threadIdx.x;
  int64 thread = int64(blockIdx.x) * warp_size + lane, threads = int64(gridDim.x) * warp_size;
  for (int64 row = offsets[Tiles::experts] + thread; row < Spec::rows; row += threads)
    row_slot[row] = -1;
  for (int64 tile = blockIdx.x; tile < Tiles::count; tile += gridDim.x) {
    for (int expert = lane; expert < Tiles::experts; expert += warp_size)
      next[expert] =
          offsets[expert] + (Tiles::count == 1 ? 0 : slot_row[Tiles::begin(tile) + expert]);
    __syncwarp(); // slot_row's counts have been read, `next` is written
#pragma unroll 4
    for (int64 first = Tiles::begin(tile); first < Tiles::end(tile); first += warp_size) {
      int64 slot = first + lane;
      bool active = slot < Tiles::end(tile);
      int expert = active ? __ldg(chosen + slot) : -1;
      bool held = Tiles::held(expert);
      unsigned same = __match_any_sync(0xffffffffu, held ? expert : -1);
      int row = held ? next[expert] + __popc(same & ((1u << lane) - 1)) : int(Spec::rows);
      __syncwarp();
      if (held && lane == __ffs(same) - 1)
        next[expert] += __popc(same);
      __syncwarp();
      if (row < Spec::rows)
        row_slot[row] = int(slot);
      if (active)
        slot_row[slot] = row < Spec::rows ? row : -1;
    }
    __syncwarp();
  }
}

} // namespace step37
