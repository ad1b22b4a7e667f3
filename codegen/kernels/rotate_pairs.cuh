// Rotation of neighbouring pairs by angles of the row: family rotate_pairs.
#pragma once

#include "vector.cuh"

namespace step37 {

/// `pairs` pairs from x on, turned by as many angles, to out.
template <int pairs, class T>
__device__ void rotate(const float *cosines, const float *sines, float sign, const T *x, T *out) {
  constexpr int W = 2 * pairs;
  float values[W];
  load<W>(x, values);
#pragma unroll
  for (int i = 0; i < pairs; ++i) {
    float a = values[2 * i], b = values[2 * i + 1], c = cosines[i], s = sign * sines[i];
    values[2 * i] = a * c - b * s;
    values[2 * i + 1] = b * c + a * s;
  }
  store<W>(out, values);
}

/// One pair whose elements are accessed one at a time.
template <class T> __device__ void rotate_single(float cosine, float sine, const T *x, T *out) {
  float a = to_float(x[0]), b = to_float(x[1]);
  out[0] = from_float<T>(a * cosine - b * sine);
  out[1] = from_float<T>(b * cosine + a * sine);
}

/// Out may be in place of x.
template <class Spec, class Arguments>
__device__ void rotate_pairs_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int dim = int(Spec::head_dim), cols = int(Spec::heads) * dim;
  constexpr int widest =
      common_width(full_width<T>, Spec::head_dim, Spec::x_stride, Spec::out_stride);
  constexpr float sign = Spec::inverse ? -1.0f : 1.0f;
  const T *x = arguments.x();
  const float *table = arguments.table();
  T *out = arguments.out();
  int64 thread = int64(blockIdx.x) * blockDim.x + threadIdx.x,
        threads = int64(gridDim.x) * blockDim.x;
  auto each = [&](int width, auto body) {
    for (int64 i = thread; i < Spec::rows * (cols / width); i += threads) {
      int64 row = i / (cols / width);
      int column = int(i % (cols / width)) * width;
      const float *cosines = table + row * dim + column % dim / 2;
      body(cosines, x + row * Spec::x_stride + column, out + row * Spec::out_stride + column);
    }
  };
  if constexpr (widest >= 2) {
    if (aligned<widest>(x) && aligned<widest>(out)) {
      each(widest, [&](const float *cosines, const T *from, T *to) {
        rotate<widest / 2>(cosines, cosines + dim / 2, sign, from, to);
      });
      return;
    }
  }
  each(2, [&](const float *cosines, const T *from, T *to) {
    rotate_single(cosines[0], sign * cosines[dim / 2], from, to);
  });
}

} // namespace step37
