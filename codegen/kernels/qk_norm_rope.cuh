// RMS norm and rotary positions of query and key heads: family qk_norm_rope.
#pragma once

#include "head_units.cuh"

namespace step37 {

/// The heads of q or of k of one token; `thread` of token_threads.
template <class Spec, int W, int heads, class T>
__device__ void norm_rope_heads(const LaneUnits<Spec, W> &lane_units, int thread, bool active,
                                const T *in, const T *weight, T *out, float *inverse_rms) {
  using Units = HeadUnits<Spec, W>;
  constexpr int groups = token_threads / Units::lanes;
  int group = thread / Units::lanes;
  float a_scale[Units::per_lane][W], b_scale[Units::per_lane][W];
  if constexpr (Spec::normalize)
    lane_units.load_scale(weight, a_scale, b_scale);
#pragma unroll 4
  for (int first = 0; first < heads; first += groups) {
    int head = first + group;
    bool present = active && head < heads;
    float a[Units::per_lane][W], b[Units::per_lane][W];
    lane_units.load(in + head * Units::dim, a, b, present);
    if constexpr (Spec::normalize) {
      float squares = head_dot<Units::lanes>(a, a, b, b);
      float r = rsqrtf(squares / float(Units::dim) + float(Spec::eps));
#pragma unroll
      for (int n = 0; n < Units::per_lane; ++n)
#pragma unroll
        for (int i = 0; i < W; ++i) {
          a[n][i] *= r * a_scale[n][i];
          b[n][i] *= r * b_scale[n][i];
        }
      if (present && thread % Units::lanes == 0)
        inverse_rms[head] = r;
    }
    if constexpr (Spec::rotary_dim > 0)
      lane_units.rotate(a, b, 1.0f);
    if (present)
      lane_units.store(out + head * Units::dim, a, b);
  }
}

/// One block for block_threads / token_threads tokens.
template <class Spec, class Arguments>
__device__ void qk_norm_rope_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int heads = int(Spec::heads), groups = int(Spec::groups), dim = int(Spec::head_dim);
  constexpr int widest = common_width(full_width<T>, Spec::head_dim, Spec::rotary_dim / 2,
                                      Spec::q_stride, Spec::k_stride);
  const T *q = arguments.q(), *k = arguments.k();
  const T *q_weight = arguments.q_weight();
  const T *k_weight = arguments.k_weight();
  const float *table = arguments.table();
  const int *document_start = arguments.document_start();
  T *q_out = arguments.q_out(), *k_out = arguments.k_out();
  float *inverse_rms = arguments.inverse_rms();

  int64 token = int64(blockIdx.x) * (block_threads / token_threads) + threadIdx.x / token_threads;
  int thread = threadIdx.x % token_threads;
  bool active = token < Spec::tokens; // whole warps stay together for their sums
  token = active ? token : 0;
  with_width<widest>(aligned<widest>(q) && aligned<widest>(k), [&](auto width) {
    constexpr int W = decltype(width)::value;
    LaneUnits<Spec, W> units(thread % HeadUnits<Spec, W>::lanes);
    if constexpr (Spec::rotary_dim > 0)
      units.turn(angles<Spec>(table, document_start, token));
    float *r = inverse_rms + token * (heads + groups);
    norm_rope_heads<Spec, W, heads>(units, thread, active, q + token * Spec::q_stride, q_weight,
                                    q_out + token * heads * dim, r);
    norm_rope_heads<Spec, W, groups>(units, thread, active, k + token * Spec::k_stride, k_weight,
                                     k_out + token * groups * dim, r + heads);
  });
}

} // namespace step37
