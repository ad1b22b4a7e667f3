// Dense products of an f32 operand on Hopper's tensor cores (family gemm, variant wgmma), as exact
// as f32 arithmetic. An f32 number is the sum of three bf16 numbers of eight bits each: high,
// middle, low. So x·w with one f32 operand is three exact products, and with two f32 operands six,
// the rest being smaller than the last bit (an infinity times a number that has fewer than three
// parts is NaN there). In three launches: the parts of f32 operands are written (and the
// descriptions of tensors), the parts are multiplied, and where several blocks share a tile, along
// the depth, their sums are added.
//
// Tensor cores cut off bits as they add. So they add few products at a time, the small parts first,
// and the sums of each step of the depth are then added in f32.
#pragma once

#include "store_sums.cuh"
#include "tensor_map.cuh"

namespace step37 {

/// An operand as it is stored: `rows` of `cols` elements. f32 ones are multiplied in parts, which
/// are matrices in the workspace, one behind another.
template <class T, int64 rows_, int64 cols_> struct GemmOperand {
  static constexpr bool split = is_same<T, float>;
  static constexpr int parts = split ? 3 : 1;
  static constexpr int64 rows = rows_, cols = cols_, pitch = ceil_div(cols, 8) * 8,
                         chunks = split ? rows * pitch / 8 : 0, part_elements = rows * pitch,
                         bytes = split ? 2 * parts * part_elements : 0;
};

/// How a product is cut: the workspace has descriptions, the parts of a and of b, and with what is
/// left of it several sums of each tile, if there is room.
template <class Spec> struct GemmParts {
  using A = GemmOperand<typename Spec::a_type, Spec::transpose_a ? Spec::k : Spec::m,
                        Spec::transpose_a ? Spec::m : Spec::k>;
  using B = GemmOperand<typename Spec::b_type, Spec::transpose_b ? Spec::n : Spec::k,
                        Spec::transpose_b ? Spec::k : Spec::n>;
  static constexpr bool a_across = Spec::transpose_a, b_across = !Spec::transpose_b;

  using Choices = typename Spec::Launch;
  static constexpr int tile = 128, depth = 64, operand_bytes = tile * depth * 2,
                       panel_bytes = 64 * depth * 2;
  static constexpr int stage_bytes = (A::parts + B::parts) * operand_bytes,
                       stages = int(Choices::stages);
  static_assert(Choices::tile == tile && Choices::depth == depth &&
                Choices::shared_bytes == stages * stage_bytes + 1024);
  static constexpr int steps = int(ceil_div(Spec::k, depth)),
                       row_tiles = int(ceil_div(Spec::m, tile)),
                       tiles = row_tiles * int(ceil_div(Spec::n, tile));

  static constexpr int64 maps_bytes = 512, parts_bytes = maps_bytes + A::bytes + B::bytes,
                         sums_pitch = ceil_div(Spec::n, 8) * 8, sums = Spec::m * sums_pitch;
  /// Blocks that share a tile: gridDim.y.
  static constexpr int64 room = (Spec::workspace_bytes - parts_bytes) / (4 * sums);
  static constexpr int shares = int(Choices::shares);
  static_assert(shares == 1 || shares <= room, "the workspace has room for the shares");
  static constexpr int share_steps = (steps + shares - 1) / shares;

  unsigned char *workspace;
  template <class Arguments>
  __device__ GemmParts(const Arguments &arguments) : workspace(arguments.workspace()) {}
  __device__ TensorMap *maps() const { return tensor_maps(workspace); }
  __device__ bf16 *a_parts() const { return reinterpret_cast<bf16 *>(workspace + maps_bytes); }
  __device__ bf16 *b_parts() const {
    return reinterpret_cast<bf16 *>(workspace + maps_bytes + A::bytes);
  }
  __device__ float *share_sums(int share) const {
    return reinterpret_cast<float *>(workspace + parts_bytes) + share * sums;
  }
};

/// Describes an operand for copies of 64 columns: of a tile's lines along the depth, or of a step
/// of the depth across.
template <class Operand, bool across>
__device__ void make_operand_map(TensorMap *map, const void *whole, const void *parts) {
  constexpr int box = across ? 64 : 128;
  make_tensor_map<box>(map, {Operand::split ? parts : whole, unsigned(Operand::pitch),
                             unsigned(Operand::rows), unsigned(Operand::parts)});
}

/// Writes the parts of 8 elements of a row; behind its end they are zero.
template <class Operand>
__device__ void write_parts(const float *from, int64 stride, bf16 *to, int64 chunk) {
  constexpr int64 row_chunks = Operand::pitch / 8;
  int64 row = chunk / row_chunks, column = chunk % row_chunks * 8;
  float rest[8];
#pragma unroll
  for (int i = 0; i < 8; ++i)
    rest[i] = column + i < Operand::cols ? __ldg(from + row * stride + column + i) : 0.0f;
#pragma unroll
  for (int part = 0; part < Operand::parts; ++part) {
    store<8>(to + part * Operand::part_elements + row * Operand::pitch + column, rest);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      float left = rest[i] - rounded<bf16>(rest[i]);    // exact
      rest[i] = fabsf(left) < infinity() ? left : 0.0f; // infinite values have one part
    }
  }
}

/// Arguments of all stages: a, b, c [, beta], workspace. The first block makes the descriptions,
/// the others have a thread for 8 elements.
template <class Spec, class Arguments>
__device__ void gemm_wgmma_parts(const Arguments &arguments) {
  using Parts = GemmParts<Spec>;
  Parts at(arguments);
  if (blockIdx.x == 0) {
    if (threadIdx.x < warp_size) {
      make_operand_map<typename Parts::A, Parts::a_across>(at.maps(), arguments.a(), at.a_parts());
      make_operand_map<typename Parts::B, Parts::b_across>(at.maps() + 1, arguments.b(),
                                                           at.b_parts());
    }
    return;
  }
  int64 chunk = int64(blockIdx.x - 1) * Spec::Launch::part_threads + threadIdx.x;
  if constexpr (Parts::A::split) {
    if (chunk < Parts::A::chunks)
      write_parts<typename Parts::A>(arguments.a(), Spec::a_stride, at.a_parts(), chunk);
    chunk -= Parts::A::chunks;
  }
  if constexpr (Parts::B::split)
    if (chunk >= 0 && chunk < Parts::B::chunks)
      write_parts<typename Parts::B>(arguments.b(), Spec::b_stride, at.b_parts(), chunk);
}

/// Starts to copy a part of an operand: the tile's lines from `line` on, and a step of the depth.
template <bool across>
__device__ void copy_operand(unsigned to, const TensorMap *map, int line, int depth, int part,
                             unsigned barrier) {
  if constexpr (across) {
#pragma unroll
    for (int panel = 0; panel < 2; ++panel)
      tensor_load(to + panel * 64 * 128, map, line + 64 * panel, depth, part, barrier);
  } else {
    tensor_load(to, map, depth, line, part, barrier);
  }
}

/// Starts a step's products of a warpgroup's 64 rows, in place of `sums`: small parts first.
template <class Parts>
__device__ void multiply_parts(float (&sums)[Parts::tile / 2], unsigned stage, int warpgroup) {
  constexpr int a_parts = Parts::A::parts, b_parts = Parts::B::parts;
  bool add = false;
#pragma unroll
  for (int order = 2; order >= 0; --order)
#pragma unroll
    for (int i = 0; i <= order; ++i) {
      int j = order - i;
      if (i >= a_parts || j >= b_parts)
        continue;
      unsigned a_at = stage + i * Parts::operand_bytes,
               b_at = stage + (a_parts + j) * Parts::operand_bytes;
#pragma unroll
      for (int part = 0; part < Parts::depth / 16; ++part) {
        unsigned long long a, b;
        if constexpr (Parts::a_across)
          a = SwizzledTile<64, 64>{a_at + warpgroup * Parts::panel_bytes}.columns_from(part);
        else
          a = SwizzledTile<Parts::tile, 64>{a_at}.lines_from(64 * warpgroup, part);
        if constexpr (Parts::b_across)
          b = SwizzledTile<64, Parts::tile>{b_at}.columns_from(part);
        else
          b = SwizzledTile<Parts::tile, 64>{b_at}.lines_from(0, part);
        wgmma_shared<Parts::a_across, Parts::b_across>(sums, a, b, add);
        add = true;
      }
    }
}

/// A result from all of its products.
template <class Spec, class Arguments>
__device__ void finish_product(const Arguments &arguments, int64 row, int64 column, float sum) {
  using C = typename Spec::c_type;
  C *to = arguments.c() + row * Spec::c_stride + column;
  if constexpr (Spec::accumulate)
    if (float beta = *arguments.beta(); beta != 0.0f)
      sum += beta * to_float(*to);
  *to = from_float<C>(sum);
}

/// Stores a tile: into the matrix of a share's sums, or finished into c.
template <class Spec, class Arguments>
__device__ void store_product(const Arguments &arguments, const GemmParts<Spec> &at,
                              const float (&sums)[GemmParts<Spec>::tile / 2], int row, int column) {
  using Parts = GemmParts<Spec>;
  constexpr int chunks = Parts::tile / 8;
  int rows = int(Spec::m) - row, cols = int(Spec::n) - column;
  if constexpr (Parts::shares > 1) {
    store_chunks<chunks, Parts::sums_pitch>(at.share_sums(blockIdx.y) + row * Parts::sums_pitch +
                                                column,
                                            sums, 0, rows, int(Parts::sums_pitch) - column);
  } else if constexpr (!Spec::accumulate && Spec::c_stride == Spec::n && Spec::n % 8 == 0) {
    store_chunks<chunks, Spec::n>(arguments.c() + row * Spec::n + column, sums, 0, rows, cols);
  } else {
    int first_row = sums_row(), first_column = threadIdx.x % 4 * 2;
#pragma unroll
    for (int i = 0; i < Parts::tile / 2; ++i) {
      int r = first_row + i / 2 % 2 * 8, c = first_column + i / 4 * 8 + i % 2;
      if (r < rows && c < cols)
        finish_product<Spec>(arguments, row + r, column + c, sums[i]);
    }
  }
}

/// Grid: any number of blocks, of three warpgroups, for the tiles; then the shares of a tile.
template <class Spec, class Arguments> __device__ void gemm_wgmma(const Arguments &arguments) {
  using Parts = GemmParts<Spec>;
  constexpr int stages = Parts::stages, warpgroups = 2;
  extern __shared__ unsigned char ring_bytes[];
  __shared__ unsigned long long full[stages], empty[stages];
  unsigned first = (shared_address(ring_bytes) + 1023) & ~1023u; // as swizzled tiles need it
  auto barrier = [](unsigned long long *barriers, int stage) {
    return shared_address(barriers + stage);
  };
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < stages; ++stage) {
      barrier_init(barrier(full, stage), 1);
      barrier_init(barrier(empty, stage), warpgroups * warpgroup_size / warp_size);
    }
    barriers_ready();
  }
  __syncthreads();

  Parts at(arguments);
  int first_step = blockIdx.y * Parts::share_steps,
      end_step = min(first_step + Parts::share_steps, Parts::steps);
  RingPosition<stages> ring;
  auto row_of = [](int tile) { return tile % Parts::row_tiles * Parts::tile; };
  auto column_of = [](int tile) { return tile / Parts::row_tiles * Parts::tile; };
  if (threadIdx.x / warpgroup_size == warpgroups) {
    lower_registers<40>();
    if (threadIdx.x % warpgroup_size != 0)
      return;
    const TensorMap *maps = at.maps();
    acquire_tensor_map(maps);
    acquire_tensor_map(maps + 1);
    for (int tile = blockIdx.x; tile < Parts::tiles; tile += gridDim.x)
      for (int step = first_step; step < end_step; ++step, ring.advance()) {
        unsigned to = first + ring.stage * Parts::stage_bytes, filled = barrier(full, ring.stage);
        barrier_wait(barrier(empty, ring.stage), ring.parity ^ 1);
        barrier_expect(filled, Parts::stage_bytes);
#pragma unroll
        for (int part = 0; part < Parts::A::parts; ++part, to += Parts::operand_bytes)
          copy_operand<Parts::a_across>(to, maps, row_of(tile), step * Parts::depth, part, filled);
#pragma unroll
        for (int part = 0; part < Parts::B::parts; ++part, to += Parts::operand_bytes)
          copy_operand<Parts::b_across>(to, maps + 1, column_of(tile), step * Parts::depth, part,
                                        filled);
      }
    return;
  }

  raise_registers<232>();
  int warpgroup = threadIdx.x / warpgroup_size;
  for (int tile = blockIdx.x; tile < Parts::tiles; tile += gridDim.x) {
    float totals[Parts::tile / 2] = {};
    for (int step = first_step; step < end_step; ++step, ring.advance()) {
      float sums[Parts::tile / 2];
      barrier_wait(barrier(full, ring.stage), ring.parity);
      wgmma_fence();
      multiply_parts<Parts>(sums, first + ring.stage * Parts::stage_bytes, warpgroup);
      wgmma_commit();
      wgmma_wait<0>(sums);
      barrier_arrive_warp(barrier(empty, ring.stage));
#pragma unroll
      for (int i = 0; i < Parts::tile / 2; ++i)
        totals[i] += sums[i];
    }
    store_product<Spec>(arguments, at, totals, row_of(tile), column_of(tile));
  }
}

/// Adds the shares of each element, in order. A thread an element.
template <class Spec, class Arguments> __device__ void gemm_wgmma_sum(const Arguments &arguments) {
  using Parts = GemmParts<Spec>;
  Parts at(arguments);
  int64 index = int64(blockIdx.x) * Spec::Launch::part_threads + threadIdx.x;
  if (index >= Spec::m * Spec::n)
    return;
  int64 row = index / Spec::n, column = index % Spec::n;
  float sum = 0;
#pragma unroll
  for (int share = 0; share < Parts::shares; ++share)
    sum += at.share_sums(share)[row * Parts::sums_pitch + column];
  finish_product<Spec>(arguments, row, column, sum);
}

} // namespace step37
