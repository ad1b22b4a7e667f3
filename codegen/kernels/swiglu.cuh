// SwiGLU with a clamp and its gradient: families swiglu and swiglu_grad.
#pragma once

#include "vector.cuh"

namespace step37 {

/// The clamp as bounds: of the gate before SiLU, of SiLU's value, and of |up|; infinite where
/// nothing is clamped. NaN stays NaN.
template <class Spec> struct SwigluBounds {
  float limit = Spec::limit > 0 ? float(Spec::limit) : infinity();
  float gate = Spec::clamp_after_silu ? infinity() : limit;
  float silu = Spec::clamp_after_silu ? limit : infinity();
  float up = limit;
};

__device__ inline float at_most(float x, float limit) { return x > limit ? limit : x; }
__device__ inline float clamp(float x, float limit) {
  return x < -limit ? -limit : at_most(x, limit);
}

template <class Spec>
__device__ float swiglu_value(const SwigluBounds<Spec> &bounds, float gate, float up) {
  float bounded = at_most(gate, bounds.gate);
  return at_most(bounded * sigmoid(bounded), bounds.silu) * clamp(up, bounds.up);
}

/// Calls body(row, column) for every W columns of every row, spread over the grid.
template <class Spec, int W, class Body> __device__ void swiglu_for_each(Body body) {
  constexpr int64 packs = Spec::cols / W, total = Spec::rows * packs;
  int64 threads = int64(gridDim.x) * blockDim.x;
  for (int64 i = int64(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += threads) {
    // Divisions of 32 bits are much cheaper.
    if constexpr (total < (int64(1) << 31))
      body(int64(unsigned(i) / unsigned(packs)), int64(unsigned(i) % unsigned(packs)) * W);
    else
      body(i / packs, i % packs * W);
  }
}

/// Out may be in place of a contiguous input.
template <class Spec, class Arguments> __device__ void swiglu_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int widest =
      common_width(full_width<T>, Spec::cols, Spec::gate_stride, Spec::up_stride);
  const T *gate = arguments.gate(), *up = arguments.up();
  T *out = arguments.out();
  SwigluBounds<Spec> bounds;
  with_width<widest>(aligned<widest>(gate) && aligned<widest>(up), [&](auto width) {
    constexpr int W = decltype(width)::value;
    swiglu_for_each<Spec, W>([&](int64 row, int64 column) {
      float g[W], u[W];
      load<W>(gate + row * Spec::gate_stride + column, g);
      load<W>(up + row * Spec::up_stride + column, u);
#pragma unroll
      for (int i = 0; i < W; ++i)
        g[i] = swiglu_value(bounds, g[i], u[i]);
      store<W>(out + row * Spec::cols + column, g);
    });
  });
}

template <class Spec, class Arguments>
__device__ void swiglu_grad_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int widest = common_width(full_width<T>, Spec::cols, Spec::gate_stride, Spec::up_stride,
                                      Spec::dgate_stride, Spec::dup_stride);
  const T *dout = arguments.dout(), *gate = arguments.gate();
  const T *up = arguments.up();
  T *dgate = arguments.dgate(), *dup = arguments.dup();
  SwigluBounds<Spec> bounds;
  bool allowed = aligned<widest>(gate) && aligned<widest>(up) && aligned<widest>(dgate) &&
                 aligned<widest>(dup);
  with_width<widest>(allowed, [&](auto width) {
    constexpr int W = decltype(width)::value;
    swiglu_for_each<Spec, W>([&](int64 row, int64 column) {
      float dy[W], g[W], u[W];
      load<W>(dout + row * Spec::cols + column, dy);
      load<W>(gate + row * Spec::gate_stride + column, g);
      load<W>(up + row * Spec::up_stride + column, u);
#pragma unroll
      for (int i = 0; i < W; ++i) {
        float bounded = at_most(g[i], bounds.gate), s = sigmoid(bounded), silu = bounded * s;
        float slope = s * (1.0f + g[i] * (1.0f - s));
        slope = g[i] > bounds.gate || silu > bounds.silu ? 0.0f : slope; // equality passes
        bool inside = !(u[i] > bounds.up || u[i] < -bounds.up);
        g[i] = dy[i] * clamp(u[i], bounds.up) * slope;
        u[i] = inside ? dy[i] * at_most(silu, bounds.silu) : dy[i] * 0.0f;
      }
      store<W>(dgate + row * Spec::dgate_stride + column, g);
      store<W>(dup + row * Spec::dup_stride + column, u);
    });
  });
}

} // namespace step37
