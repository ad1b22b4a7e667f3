// The way of a product's sums from a warpgroup's registers (wgmma.cuh) to a matrix in global
// memory, 16 bytes at a time. Of attention, whose results pass through shared memory:
// attention_tiles.cuh.
#pragma once

#include "vector.cuh"
#include "wgmma.cuh"

namespace step37 {

/// Four words of each of four neighbouring lanes, transposed: lane i gets word i of each, in order.
__device__ inline void quad_transpose(unsigned (&words)[4]) {
#pragma unroll
  for (int bit = 1; bit <= 2; bit *= 2) {
    bool upper = threadIdx.x & bit;
#pragma unroll
    for (int i = 0; i < 4; ++i)
      if (!(i & bit)) {
        unsigned received = __shfl_xor_sync(0xffffffffu, upper ? words[i] : words[i + bit], bit);
        (upper ? words[i] : words[i + bit]) = received;
      }
  }
}

/// A pointer that is computed here and not again wherever it is used.
template <class T> __device__ T *computed(T *pointer) {
  asm volatile("" : "+l"(pointer));
  return pointer;
}

/// The first of a thread's two rows of a tile of which each computing warpgroup has 64, from the
/// block's first thread on; the second is 8 further.
__device__ inline int sums_row() {
  int lane = threadIdx.x % warp_size;
  return threadIdx.x / warp_size * 16 + lane / 4;
}

/// Rounds the sums in chunks [first, first + count) of 8 columns, and stores them from `to` on: row
/// 0 and column 0 of these chunks. Only rows below `rows` and columns below `cols`, a multiple of
/// 8, are there. `first` becomes a constant when loops are unrolled.
template <int count, int64 stride, int n>
__device__ void store_chunks(bf16 *to, const float (&sums)[n], int first, int rows, int cols) {
  int quarter = threadIdx.x % 4, row = sums_row();
  bf16 *at[2] = {computed(to + row * stride + 8 * quarter), nullptr};
  at[1] = computed(at[0] + 8 * stride);
  cols -= 8 * quarter;
#pragma unroll
  for (int chunk = 0; chunk < count; chunk += 4)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      unsigned words[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float *pair = sums + 4 * (first + chunk + i) + 2 * half;
        words[i] = pack_bf16(pair[0], pair[1]);
      }
      quad_transpose(words);
      if (row + 8 * half < rows && 8 * chunk < cols)
        store_words(at[half] + 8 * chunk, words);
    }
}

template <int count, int64 stride, int n>
__device__ void store_chunks(float *to, const float (&sums)[n], int first, int rows, int cols) {
  int pair = threadIdx.x % 4, row = sums_row();
  float *at[2] = {computed(to + row * stride + 2 * pair), nullptr};
  at[1] = computed(at[0] + 8 * stride);
  cols -= 2 * pair;
#pragma unroll
  for (int chunk = 0; chunk < count; ++chunk)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float *from = sums + 4 * (first + chunk) + 2 * half;
      if (row + 8 * half < rows && 8 * chunk < cols)
        store<2>(at[half] + 8 * chunk, {from[0], from[1]});
    }
}

} // namespace step37
