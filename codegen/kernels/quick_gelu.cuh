// x·sigmoid(1.702·x) and its gradient: families quick_gelu and quick_gelu_grad.
#pragma once

#include "vector.cuh"

namespace step37 {

constexpr float quick_gelu_slope = 1.702f;

/// Out may be in place of x.
template <class Spec, class Arguments>
__device__ void quick_gelu_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  const T *x = arguments.x();
  T *out = arguments.out();
  bool allowed = aligned<full_width<T>>(x) && aligned<full_width<T>>(out);
  for_each_pack<full_width<T>>(Spec::elements, allowed, [&](auto width, int64 at) {
    constexpr int W = decltype(width)::value;
    float values[W];
    load<W>(x + at, values);
#pragma unroll
    for (int i = 0; i < W; ++i)
      values[i] *= sigmoid(quick_gelu_slope * values[i]);
    store<W>(out + at, values);
  });
}

/// The result dx may be in place of dout.
template <class Spec, class Arguments>
__device__ void quick_gelu_grad_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  const T *dout = arguments.dout(), *x = arguments.x();
  T *dx = arguments.dx();
  bool allowed =
      aligned<full_width<T>>(dout) && aligned<full_width<T>>(x) && aligned<full_width<T>>(dx);
  for_each_pack<full_width<T>>(Spec::elements, allowed, [&](auto width, int64 at) {
    constexpr int W = decltype(width)::value;
    float gradient[W], values[W];
    load<W>(dout + at, gradient);
    load<W>(x + at, values);
#pragma unroll
    for (int i = 0; i < W; ++i) {
      float s = sigmoid(quick_gelu_slope * values[i]);
      gradient[i] *= s * (1.0f + quick_gelu_slope * values[i] * (1.0f - s));
    }
    store<W>(dx + at, gradient);
  });
}

} // namespace step37
