// Element by element over whole buffers: families add, accumulate_gradient and fill.
#pragma once

#include "vector.cuh"

namespace step37 {

/// Out may be in place of an addend.
template <class Spec, class Arguments> __device__ void add_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int addends = int(Spec::addends);
  bool allowed = aligned<full_width<T>>(arguments.out());
#pragma unroll
  for (int a = 0; a < addends; ++a)
    allowed = allowed && aligned<full_width<T>>(arguments.addend(a));
  for_each_pack<full_width<T>>(Spec::elements, allowed, [&](auto width, int64 at) {
    constexpr int W = decltype(width)::value;
    float sum[W];
    load<W>(arguments.addend(0) + at, sum);
#pragma unroll
    for (int a = 1; a < addends; ++a) {
      float addend[W];
      load<W>(arguments.addend(a) + at, addend);
#pragma unroll
      for (int i = 0; i < W; ++i)
        sum[i] += addend[i];
    }
    store<W>(arguments.out() + at, sum);
  });
}

template <class Spec, class Arguments>
__device__ void accumulate_gradient_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  using G = typename Spec::grad_type;
  constexpr int widest = full_width<T> < full_width<G> ? full_width<T> : full_width<G>;
  const T *value = arguments.value();
  float beta = *arguments.beta();
  G *grad = arguments.grad();
  bool allowed = aligned<widest>(value) && aligned<widest>(grad);
  for_each_pack<widest>(Spec::elements, allowed, [&](auto width, int64 at) {
    constexpr int W = decltype(width)::value;
    float sum[W];
    load<W>(value + at, sum);
    if (beta != 0.0f) {
      float old[W];
      load<W>(grad + at, old);
#pragma unroll
      for (int i = 0; i < W; ++i)
        sum[i] += beta * old[i];
    }
    store<W>(grad + at, sum);
  });
}

template <class Spec, class Arguments> __device__ void fill_generic(const Arguments &arguments) {
  float *out = arguments.out();
  for_each_pack<4>(Spec::elements, aligned<4>(out), [&](auto width, int64 at) {
    constexpr int W = decltype(width)::value;
    float values[W];
#pragma unroll
    for (int i = 0; i < W; ++i)
      values[i] = float(Spec::value);
    store<W>(out + at, values);
  });
}

} // namespace step37
