// What all kernel templates share: element types, warp and block reductions in a fixed order, and
// how arguments arrive. Included by every template; includes nothing, so that NVRTC needs no
// headers.
//
// A template is `template <class Spec, class Arguments> __device__ void family_variant_stage(const
// Arguments &)`. Spec has a static constant for every field of the family's spec (codegen/spec),
// element types as types, e.g. Spec::rows, Spec::type. Arguments has a function for every argument
// that the spec declares, of its name: a typed pointer, null where the spec has no such argument.
// Launch, which a stub defines before it includes a template, has the choices that were made for it
// (codegen/spec/cuda/LaunchConfig.h); templates also know it as Spec::Launch.
#pragma once

namespace step37 {

using int64 = long long;

/// bfloat16 by its bits. Arithmetic is in float; conversion rounds to nearest even.
struct bf16 {
  unsigned short bits;
};

__device__ inline float to_float(float value) { return value; }
__device__ inline float to_float(bf16 value) { return __uint_as_float(unsigned(value.bits) << 16); }

template <class T> __device__ T from_float(float value);
template <> __device__ inline float from_float<float>(float value) { return value; }
template <> __device__ inline bf16 from_float<bf16>(float value) {
  bf16 result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
  return result;
}

template <class A, class B> inline constexpr bool is_same = false;
template <class A> inline constexpr bool is_same<A, A> = true;

__host__ __device__ constexpr int64 ceil_div(int64 a, int64 b) { return (a + b - 1) / b; }

constexpr int warp_size = 32;

/// Threads of a block where a stage does not say otherwise.
constexpr int block_threads = Launch::threads;

__device__ inline float infinity() { return __int_as_float(0x7f800000); }

/// 1/(1 + exp(−x)), within a few ulp; 0 and 1 at the ends.
__device__ inline float sigmoid(float x) { return __fdividef(1.0f, 1.0f + expf(-x)); }

/// Sum over the warp in a fixed tree; every lane gets it.
__device__ inline float warp_sum(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, distance);
  return value;
}

__device__ inline float warp_max(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, distance));
  return value;
}

/// Sum over the block (a multiple of 32 threads, at most 1024) in a fixed order; every thread gets
/// it. `scratch`: 32 floats of shared memory, free again when the next block-wide barrier has
/// passed.
__device__ inline float block_sum(float value, float *scratch) {
  int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size,
      warps = blockDim.x / warp_size;
  value = warp_sum(value);
  __syncthreads(); // an earlier reduction may still be reading
  if (lane == 0)
    scratch[warp] = value;
  __syncthreads();
  value = lane < warps ? scratch[lane] : 0.0f;
  return warp_sum(value);
}

__device__ inline float block_max(float value, float *scratch) {
  int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size,
      warps = blockDim.x / warp_size;
  value = warp_max(value);
  __syncthreads();
  if (lane == 0)
    scratch[warp] = value;
  __syncthreads();
  value = lane < warps ? scratch[lane] : -infinity();
  return warp_max(value);
}

} // namespace step37
