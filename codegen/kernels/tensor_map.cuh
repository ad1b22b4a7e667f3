// Copies of tiles of bf16 from global to shared memory by the copy engine. It needs a description
// of the tensor, which is made on the GPU, in a launch before the one that copies: launches get
// pointers only, so that one program serves every address.
#pragma once

#include "pipeline.cuh"

namespace step37 {

/// 128 bytes of global memory, at a multiple of 128 bytes.
struct alignas(128) TensorMap {
  unsigned words[32];
};

/// The first map in a workspace, which begins at a multiple of 64 bytes and has 64 bytes more than
/// the maps need.
__device__ inline TensorMap *tensor_maps(void *workspace) {
  return reinterpret_cast<TensorMap *>((reinterpret_cast<unsigned long long>(workspace) + 127) &
                                       ~127ull);
}

/// Matrices of bf16 one behind another: rows without gaps. Their width is a multiple of 8.
struct TensorShape {
  const void *data;
  unsigned cols, rows, matrices;
};

constexpr int tensor_box_cols = 64;

/// By one warp: describes a tensor for copies of 64 columns of box_rows rows. A copy fills with
/// zeros what is outside.
template <int box_rows> __device__ void make_tensor_map(TensorMap *map, const TensorShape &shape) {
  __shared__ TensorMap draft;
  int lane = threadIdx.x % warp_size;
  draft.words[lane] = 0;
  __syncwarp();
  if (lane == 0) {
    unsigned at = shared_address(&draft);
    unsigned long long row_bytes = 2ull * shape.cols, matrix_bytes = row_bytes * shape.rows;
#define STEP37_MAP(field, type, letter, value)                                                     \
  asm volatile("tensormap.replace.tile." field ".shared::cta.b1024." type ", %1;" ::"r"(at),       \
               letter(value)                                                                       \
               : "memory")
    STEP37_MAP("global_address", "b64 [%0]", "l", shape.data);
    STEP37_MAP("rank", "b32 [%0]", "r", 3 - 1);
    STEP37_MAP("box_dim", "b32 [%0], 0", "r", tensor_box_cols);
    STEP37_MAP("box_dim", "b32 [%0], 1", "r", box_rows);
    STEP37_MAP("box_dim", "b32 [%0], 2", "r", 1);
    STEP37_MAP("global_dim", "b32 [%0], 0", "r", shape.cols);
    STEP37_MAP("global_dim", "b32 [%0], 1", "r", shape.rows);
    STEP37_MAP("global_dim", "b32 [%0], 2", "r", shape.matrices);
    STEP37_MAP("global_stride", "b64 [%0], 0", "l", row_bytes);
    STEP37_MAP("global_stride", "b64 [%0], 1", "l", matrix_bytes);
    STEP37_MAP("element_stride", "b32 [%0], 0", "r", 1);
    STEP37_MAP("element_stride", "b32 [%0], 1", "r", 1);
    STEP37_MAP("element_stride", "b32 [%0], 2", "r", 1);
    STEP37_MAP("elemtype", "b32 [%0]", "n", 10);         // bf16
    STEP37_MAP("interleave_layout", "b32 [%0]", "n", 0); // none
    STEP37_MAP("swizzle_mode", "b32 [%0]", "n", 3);      // 128 bytes
    STEP37_MAP("fill_mode", "b32 [%0]", "n", 0);         // zeros
#undef STEP37_MAP
  }
  __syncwarp();
  asm volatile("tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync."
               "aligned [%0], [%1], 128;" ::"l"(map),
               "r"(shared_address(&draft))
               : "memory");
  __syncwarp(); // the draft may be written again
}

/// By a thread before it copies by a map that an earlier launch has made.
__device__ inline void acquire_tensor_map(const TensorMap *map) {
  asm volatile("fence.proxy.tensormap::generic.acquire.gpu [%0], 128;" ::"l"(map) : "memory");
}

/// Arrives at a barrier whose phase then ends only when so many bytes have been copied too.
__device__ inline void barrier_expect(unsigned barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}

/// Makes new barriers known to the copy engine.
__device__ inline void barriers_ready() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

/// Starts a copy of the box whose first element is (column, row, matrix): a line of 128 bytes a
/// row, its 16-byte pieces permuted by the line's number modulo 8. `to`: a multiple of 1024 bytes.
/// The barrier counts the bytes of the whole box.
__device__ inline void tensor_load(unsigned to, const TensorMap *map, int column, int row,
                                   int matrix, unsigned barrier) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
               "[%0], [%1, {%2, %3, %4}], [%5];" ::"r"(to),
               "l"(map), "r"(column), "r"(row), "r"(matrix), "r"(barrier)
               : "memory");
}

/// Starts to fetch bytes into the second-level cache; a multiple of 16 of them, and so the address.
__device__ inline void prefetch_bytes(const void *from, int bytes) {
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(from), "r"(bytes) : "memory");
}

} // namespace step37
