// The optimizer's update of one tensor: family adamw.
#pragma once

#include "vector.cuh"

namespace step37 {

template <class Spec, class Arguments> __device__ void adamw_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  using G = typename Spec::grad_type;
  constexpr int widest = full_width<float>;
  const G *grad = arguments.grad();
  float clip = *arguments.clip();
  if (clip == 0.0f) // the norm is not finite
    return;
  float *master = arguments.master(), *m = arguments.m();
  float *v = arguments.v();
  T *param = arguments.param(); // null without copy

  float rate = *arguments.learning_rate(), eps = *arguments.eps();
  float beta1 = *arguments.beta1(), beta2 = *arguments.beta2();
  float keep = Spec::decay ? 1.0f - rate * *arguments.weight_decay() : 1.0f;
  float correction1 = 1.0f / *arguments.correction1(),
        correction2 = 1.0f / *arguments.correction2();
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
