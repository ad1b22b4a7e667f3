// The optimizer's update of one tensor: family adamw.
#pragma once

#include "vector.cuh"

namespace step37 {

/// Arguments: grad, hyper, clip, master, m, v, [param with copy].
template <class Spec, int N> __device__ void adamw_generic(const Pointers<N> &buffers) {
  using T = typename Spec::type;
  using G = typename Spec::grad_type;
  constexpr int widest = full_width<float>;
  const G *grad = buffers.template get<const G>(0);
  const float *hyper = buffers.template get<const float>(1);
  float clip = *buffers.template get<const float>(2);
  if (clip == 0.0f) // the norm is not finite
    return;
  float *master = buffers.template get<float>(3), *m = buffers.template get<float>(4);
  float *v = buffers.template get<float>(5);
  T *param = buffers.template get<T>(Spec::copy ? 6 : 3);

  float rate = hyper[0], beta1 = hyper[1], beta2 = hyper[2], eps = hyper[3];
  float keep = Spec::decay ? 1.0f - rate * hyper[4] : 1.0f;
  float correction1 = 1.0f / hyper[5], correction2 = 1.0f / hyper[6];
  bool allowed = aligned<widest>(grad) && aligned<widest>(master) && aligned<widest>(m) &&
                 aligned<widest>(v) && aligned<widest>(param);
  for_each_pack<widest>(Spec::elements, allowed, [&](auto width, int64 at) {
    constexpr int W = decltype(width)::value;
    float g[W], p[W], first[W], second[W];
    load<W>(grad + at, g);
    load<W>(master + at, p);
    load<W>(m + at, first);
    load<W>(v + at, second);
#pragma unroll
    for (int i = 0; i < W; ++i) {
      float scaled = clip * g[i];
      first[i] = beta1 * first[i] + (1.0f - beta1) * scaled;
      second[i] = beta2 * second[i] + (1.0f - beta2) * (scaled * scaled);
      float step = __fdividef(first[i] * correction1, sqrtf(second[i] * correction2) + eps);
      p[i] = p[i] * keep - rate * step;
    }
    store<W>(m + at, first);
    store<W>(v + at, second);
    store<W>(master + at, p);
    if constexpr (Spec::copy)
      store<W>(param + at, p);
  });
}

} // namespace step37
