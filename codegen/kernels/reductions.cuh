// Sums over whole buffers: families reduce_sum, sum_of_squares and global_norm. Which thread adds
// what follows from sizes alone, and sums of threads meet in a fixed tree.
#pragma once

#include "vector.cuh"

namespace step37 {

/// Sum over the block in f64, in a fixed order; thread 0 gets it.
__device__ inline double block_sum_f64(double value) {
  __shared__ double sums[warp_size];
  int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size,
      warps = blockDim.x / warp_size;
#pragma unroll
  for (int distance = warp_size / 2; distance > 0; distance /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, distance);
  if (lane == 0)
    sums[warp] = value;
  __syncthreads();
  double total = 0;
  if (threadIdx.x == 0)
    for (int i = 0; i < warps; ++i)
      total += sums[i];
  return total;
}

/// One block.
template <class Spec, class Arguments>
__device__ void reduce_sum_generic(const Arguments &arguments) {
  const float *values = arguments.values();
  double sum = 0;
#pragma unroll 8
  for (int64 i = threadIdx.x; i < Spec::elements; i += block_threads)
    sum += values[i];
  sum = block_sum_f64(sum);
  if (threadIdx.x == 0)
    *arguments.total() = float(sum);
}

/// One block for each `block` elements.
template <class Spec, class Arguments>
__device__ void sum_of_squares_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int block = 65536; // spec::SumOfSquares::block
  __shared__ float scratch[warp_size];
  int64 begin = int64(blockIdx.x) * block;
  int count = Spec::elements - begin < block ? int(Spec::elements - begin) : block;
  const T *x = arguments.x() + begin;
  float sum = 0;
  with_width<full_width<T>>(aligned<full_width<T>>(x), [&](auto width) {
    constexpr int W = decltype(width)::value;
    int whole = count / W * W;
#pragma unroll 4
    for (int i = threadIdx.x * W; i < whole; i += block_threads * W) {
      float values[W], squares = 0;
      load_readonly<W>(x + i, values);
#pragma unroll
      for (int j = 0; j < W; ++j)
        squares += values[j] * values[j];
      sum += squares;
    }
    for (int i = whole + threadIdx.x; i < count; i += block_threads)
      sum += to_float(x[i]) * to_float(x[i]);
  });
  sum = block_sum(sum, scratch);
  if (threadIdx.x == 0)
    arguments.partial()[blockIdx.x] = sum;
}

/// One block; a warp a list of partial sums.
template <class Spec, class Arguments>
__device__ void global_norm_generic(const Arguments &arguments) {
  constexpr int lists = Spec::sizes_count;
  double squares = 0;
  for (int list = threadIdx.x / warp_size; list < lists; list += block_threads / warp_size) {
    const float *partials = arguments.partials(list);
    int64 size = Spec::sizes(list);
#pragma unroll 4
    for (int64 i = threadIdx.x % warp_size; i < size; i += warp_size)
      squares += __ldg(partials + i);
  }
  squares = block_sum_f64(squares);
  if (threadIdx.x != 0)
    return;
  float max_norm = *arguments.max_norm();
  double norm = sqrt(squares);
  *arguments.norm() = float(norm);
  double clip = double(max_norm) / (norm + 1e-6);
  float allowed = max_norm > 0 && clip < 1.0 ? float(clip) : 1.0f;
  *arguments.clip() = float(norm) < infinity() ? allowed : 0.0f;
}

} // namespace step37
