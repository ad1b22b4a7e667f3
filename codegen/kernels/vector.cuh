// Accesses of several elements at once: up to 16 bytes, always through float. How wide follows from
// the spec's constants (rows of a multiple of the width begin at a multiple of it, since buffers
// begin at multiples of 64 bytes); where an operand may begin anywhere, its address is asked at run
// time.
#pragma once

#include "common.cuh"

namespace step37 {

/// Elements in 16 bytes.
template <class T> inline constexpr int full_width = 16 / int(sizeof(T));

/// The largest power of two that divides all lengths and is at most `limit`.
template <class... Lengths>
__host__ __device__ constexpr int common_width(int limit, Lengths... lengths) {
  int width = limit;
  while (((lengths % width != 0) || ...))
    width /= 2;
  return width;
}

template <int bytes> struct RawWord;
template <> struct RawWord<2> {
  using type = unsigned short;
};
template <> struct RawWord<4> {
  using type = unsigned;
};
template <> struct RawWord<8> {
  using type = uint2;
};
template <> struct RawWord<16> {
  using type = uint4;
};

template <class T, int W> struct Pack {
  using Raw = typename RawWord<W *int(sizeof(T))>::type;
  T at[W];
};

template <int W, class T> __device__ void unpack(typename Pack<T, W>::Raw raw, float (&to)[W]) {
  auto pack = __builtin_bit_cast(Pack<T, W>, raw);
#pragma unroll
  for (int i = 0; i < W; ++i)
    to[i] = to_float(pack.at[i]);
}

/// W elements from an address that is a multiple of their size.
template <int W, class T> __device__ void load(const T *from, float (&to)[W]) {
  unpack<W, T>(*reinterpret_cast<const typename Pack<T, W>::Raw *>(from), to);
}

/// The same for memory that nothing writes during the launch, so that loads may overtake stores.
template <int W, class T> __device__ void load_readonly(const T *from, float (&to)[W]) {
  unpack<W, T>(__ldg(reinterpret_cast<const typename Pack<T, W>::Raw *>(from)), to);
}

/// Stores words at once. The compiler is not told that memory changes, so that later loads may come
/// first: a thread must not read back what it stores this way, and what it stores in place of an
/// input must depend on that input.
__device__ inline void store_words(void *to, const unsigned (&words)[1]) {
  *static_cast<unsigned *>(to) = words[0];
}
__device__ inline void store_words(void *to, const unsigned (&words)[2]) {
  asm volatile("st.global.v2.b32 [%0], {%1, %2};" ::"l"(to), "r"(words[0]), "r"(words[1]));
}
__device__ inline void store_words(void *to, const unsigned (&words)[4]) {
  asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(words[0]), "r"(words[1]),
               "r"(words[2]), "r"(words[3]));
}

/// Rounds W values and stores them at an address that is a multiple of their size.
template <int W> __device__ void store(float *to, const float (&from)[W]) {
  unsigned words[W];
#pragma unroll
  for (int i = 0; i < W; ++i)
    words[i] = __float_as_uint(from[i]);
  store_words(to, words);
}

template <int W> __device__ void store(bf16 *to, const float (&from)[W]) {
  if constexpr (W == 1) {
    *to = from_float<bf16>(from[0]);
  } else {
    unsigned words[W / 2];
#pragma unroll
    for (int i = 0; i < W / 2; ++i)
      asm("cvt.rn.bf16x2.f32 %0, %1, %2;"
          : "=r"(words[i])
          : "f"(from[2 * i + 1]), "f"(from[2 * i]));
    store_words(to, words);
  }
}

/// The value that a store to T keeps.
template <class T> __device__ float rounded(float value) { return to_float(from_float<T>(value)); }

/// A width as a type: body(Width<W>{}) makes it a constant inside.
template <int W> struct Width {
  static constexpr int value = W;
};

/// Whether W elements can be accessed at once here.
template <int W, class T> __device__ bool aligned(const T *pointer) {
  return reinterpret_cast<unsigned long long>(pointer) % (W * sizeof(T)) == 0;
}

/// Calls body(Width<W>{}), or body(Width<1>{}) where addresses do not allow it.
template <int W, class Body> __device__ void with_width(bool allowed, Body body) {
  if constexpr (W > 1) {
    if (!allowed) {
      body(Width<1>{});
      return;
    }
  }
  body(Width<W>{});
}

/// Covers [0, elements) with the threads of the grid: body(Width<W>{}, first) for W elements each
/// if `allowed`, body(Width<1>{}, index) for the rest.
template <int W, class Body>
__device__ void for_each_pack(int64 elements, bool allowed, Body body) {
  int64 thread = int64(blockIdx.x) * blockDim.x + threadIdx.x,
        threads = int64(gridDim.x) * blockDim.x;
  int64 packs = allowed ? elements / W : 0;
  for (int64 i = thread; i < packs; i += threads)
    body(Width<W>{}, i * W);
  for (int64 i = packs * W + thread; i < elements; i += threads)
    body(Width<1>{}, i);
}

/// Calls body(pack, column) for the packs of W columns of a row that this thread has when `threads`
/// threads share it, `thread` being this one's number among them.
template <int W, int cols, int threads, class Body>
__device__ void for_each_column(int thread, Body body) {
#pragma unroll
  for (int pack = 0; pack < int(ceil_div(cols, W * threads)); ++pack) {
    int column = (pack * threads + thread) * W;
    if (column < cols)
      body(pack, column);
  }
}

} // namespace step37
