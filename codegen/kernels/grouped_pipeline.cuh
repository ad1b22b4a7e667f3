// The tensor-core products over experts' rows: a block takes one tile of 128 × 256 results after
// another. One thread keeps a ring of buffers filled with what the next steps of the depth need,
// also those of the next tile; two warpgroups multiply, 64 rows each, and store. What the tiles
// are, what is copied and what becomes of the sums is in grouped_gemm_wgmma.cuh and its neighbours.
#pragma once

#include "store_sums.cuh"
#include "tensor_map.cuh"
#include "wgmma_256.cuh"

namespace step37 {

/// One step of the depth in shared memory: 128 rows of a, then 256 columns of b. Either lies in
/// lines along the depth, one a row or column, or across it, in panels of 64 rows or columns.
struct GroupedStep {
  static constexpr int rows = 128, cols = 256, depth = 64;
  static constexpr int row_bytes = depth * 2, a_bytes = rows * row_bytes,
                       bytes = (rows + cols) * row_bytes;
  static constexpr int panel_bytes = 64 * row_bytes;
  unsigned a, b;
};

constexpr int grouped_warpgroups = 2;
static_assert(Launch::rows == GroupedStep::rows && Launch::cols == GroupedStep::cols &&
              Launch::depth == GroupedStep::depth);
constexpr int grouped_stages = Launch::stages;
static_assert(Launch::shared_bytes == grouped_stages * GroupedStep::bytes + 1024);

/// The sums of a warpgroup's thread.
struct GroupedSums {
  float at[GroupedStep::cols / 2];
};

/// Starts to add the products of one step, of a warpgroup's 64 rows.
template <class Work>
__device__ void multiply_step(GroupedSums &sums, GroupedStep at, int warpgroup) {
#pragma unroll
  for (int part = 0; part < GroupedStep::depth / 16; ++part) {
    unsigned long long a, b;
    if constexpr (Work::a_across)
      a = SwizzledTile<64, 64>{at.a + warpgroup * GroupedStep::panel_bytes}.columns_from(part);
    else
      a = SwizzledTile<GroupedStep::rows, 64>{at.a}.lines_from(64 * warpgroup, part);
    if constexpr (Work::b_across)
      b = SwizzledTile<64, GroupedStep::cols>{at.b}.columns_from(part);
    else
      b = SwizzledTile<GroupedStep::cols, 64>{at.b}.lines_from(0, part);
    wgmma_256<Work::a_across, Work::b_across>(sums.at, a, b);
  }
}

/// Multiplies all tiles of this block. Work has
///   a_across, b_across           whether the operands' lines are across the depth,
///   Tiles                        a walk over tiles: bool find(int number, Tile &), for growing
///                                numbers; a Tile has the number of its steps,
///   void begin_copies()          by the copying thread before its first copy,
///   void copy(tile, step, GroupedStep, barrier)   starts copies of GroupedStep::bytes,
///   void finish(tile, GroupedSums &)              by all threads that multiply.
template <class Work> __device__ void grouped_products(const Work &work) {
  extern __shared__ unsigned char buffers[];
  __shared__ unsigned long long full[grouped_stages], empty[grouped_stages];
  constexpr unsigned alignment = 1024; // of swizzled tiles
  unsigned first = (shared_address(buffers) + alignment - 1) & ~(alignment - 1);
  auto step_at = [&](int stage) {
    unsigned a = first + stage * GroupedStep::bytes;
    return GroupedStep{a, a + GroupedStep::a_bytes};
  };
  auto barrier = [](unsigned long long *barriers, int stage) {
    return shared_address(barriers + stage);
  };
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < grouped_stages; ++stage) {
      barrier_init(barrier(full, stage), 1);
      barrier_init(barrier(empty, stage), grouped_warpgroups * warpgroup_size / warp_size);
    }
    barriers_ready();
  }
  __syncthreads();

  typename Work::Tiles tiles = work.tiles();
  typename Work::Tile tile;
  RingPosition<grouped_stages> ring;
  if (threadIdx.x / warpgroup_size == grouped_warpgroups) {
    lower_registers<40>();
    if (threadIdx.x % warpgroup_size != 0)
      return;
    work.begin_copies();
    for (int number = blockIdx.x; tiles.find(number, tile); number += gridDim.x)
      for (int step = 0; step < tile.steps; ++step, ring.advance()) {
        barrier_wait(barrier(empty, ring.stage), ring.parity ^ 1);
        barrier_expect(barrier(full, ring.stage), GroupedStep::bytes);
        work.copy(tile, step, step_at(ring.stage), barrier(full, ring.stage));
      }
    return;
  }

  raise_registers<232>();
  int warpgroup = threadIdx.x / warpgroup_size;
  for (int number = blockIdx.x; tiles.find(number, tile); number += gridDim.x) {
    GroupedSums sums = {};
    hold(sums.at);
    int previous = 0;
    for (int step = 0; step < tile.steps; ++step, ring.advance()) {
      GroupedStep at = step_at(ring.stage);
      barrier_wait(barrier(full, ring.stage), ring.parity);
      wgmma_fence();
      multiply_step<Work>(sums, at, warpgroup);
      wgmma_commit();
      if (step > 0) { // the step before is over
        wgmma_wait<1>();
        barrier_arrive_warp(barrier(empty, previous));
      }
      previous = ring.stage;
    }
    wgmma_wait<0>(sums.at);
    if (tile.steps > 0)
      barrier_arrive_warp(barrier(empty, previous));
    work.finish(tile, sums);
  }
}

} // namespace step37
