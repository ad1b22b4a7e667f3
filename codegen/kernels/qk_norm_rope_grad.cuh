// Gradient of the norm and the rotation of query and key heads: family qk_norm_rope_grad. A block
// for the tokens of one part of the workspace; a second launch sums the parts of the weights'
// gradients.
#pragma once

#include "column_sums.cuh"
#include "head_units.cuh"

namespace step37 {

/// One side, q or k, of the gradient for the tokens of this block. Leaves the part of the weight's
/// gradient in `partial`. `sums`: shared memory, a row of head_dim a warp.
template <class Spec, int W, int heads, class T>
__device__ void norm_rope_heads_grad(const T *dout, const T *in, int64 in_stride, const T *weight,
                                     const float *table, const int *document_start,
                                     const float *inverse_rms, T *din, int64 din_stride,
                                     float *partial, float (*sums)[int(Spec::head_dim)]) {
  using Units = HeadUnits<Spec, W>;
  constexpr int slots = int(Spec::Launch::row_threads) / token_threads,
                groups = token_threads / Units::lanes;
  constexpr int row_heads = int(Spec::heads + Spec::groups);
  int slot = threadIdx.x / token_threads, thread = threadIdx.x % token_threads;
  LaneUnits<Spec, W> units(thread % Units::lanes);
  float a_scale[Units::per_lane][W], b_scale[Units::per_lane][W];
  float a_sum[Units::per_lane][W] = {}, b_sum[Units::per_lane][W] = {};
  if constexpr (Spec::normalize)
    units.load_scale(weight, a_scale, b_scale);

  for (int round = 0; round < Spec::Launch::rows_per_part; round += slots) {
    int64 token = int64(blockIdx.x) * Spec::Launch::rows_per_part + round + slot;
    bool active = token < Spec::tokens;
    token = active ? token : 0;
    if constexpr (Spec::rotary_dim > 0)
      units.turn(angles<Spec>(table, document_start, token));
#pragma unroll 2
    for (int first = 0; first < heads; first += groups) {
      int head = first + thread / Units::lanes;
      bool present = active && head < heads;
      float a[Units::per_lane][W], b[Units::per_lane][W];
      units.load(dout + (token * heads + head) * Units::dim, a, b, present);
      if constexpr (Spec::normalize) {
        float x[Units::per_lane][W], y[Units::per_lane][W];
        units.load(in + token * in_stride + head * Units::dim, x, y, present);
        float r = present ? inverse_rms[token * row_heads + head] : 0.0f;
        if constexpr (Spec::rotary_dim > 0)
          units.rotate(a, b, -1.0f);
#pragma unroll
        for (int n = 0; n < Units::per_lane; ++n)
#pragma unroll
          for (int i = 0; i < W; ++i) {
            a_sum[n][i] += a[n][i] * x[n][i] * r;
            b_sum[n][i] += b[n][i] * y[n][i] * r;
            a[n][i] *= a_scale[n][i];
            b[n][i] *= b_scale[n][i];
          }
        float pull = head_dot<Units::lanes>(a, x, b, y) / float(Units::dim) * r * r * r;
#pragma unroll
        for (int n = 0; n < Units::per_lane; ++n)
#pragma unroll
          for (int i = 0; i < W; ++i) {
            a[n][i] = r * a[n][i] - x[n][i] * pull;
            b[n][i] = r * b[n][i] - y[n][i] * pull;
          }
      } else if constexpr (Spec::rotary_dim > 0) {
        units.rotate(a, b, -1.0f);
      }
      if (present)
        units.store(din + token * din_stride + head * Units::dim, a, b);
    }
  }

  if constexpr (Spec::normalize && !Spec::frozen) {
    // Over the heads of a warp by shuffles, then over the warps in order.
    float *own = sums[threadIdx.x / warp_size];
#pragma unroll
    for (int n = 0; n < Units::per_lane; ++n)
#pragma unroll
      for (int i = 0; i < W; ++i) {
#pragma unroll
        for (int distance = warp_size / 2; distance >= Units::lanes; distance /= 2) {
          a_sum[n][i] += __shfl_xor_sync(0xffffffffu, a_sum[n][i], distance);
          b_sum[n][i] += __shfl_xor_sync(0xffffffffu, b_sum[n][i], distance);
        }
        if (threadIdx.x % warp_size < Units::lanes) {
          if (units.first[n] >= 0)
            own[units.first[n] + i] = a_sum[n][i];
          if (units.second[n] >= 0)
            own[units.second[n] + i] = b_sum[n][i];
        }
      }
    __syncthreads();
    for (int column = threadIdx.x; column < Units::dim; column += int(Spec::Launch::row_threads)) {
      float sum = 0;
      for (int warp = 0; warp < int(Spec::Launch::row_threads) / warp_size; ++warp)
        sum += sums[warp][column];
      partial[column] = sum;
    }
    __syncthreads(); // before the other side's sums
  }
}

/// One block of Launch::row_threads for Launch::rows_per_part tokens.
template <class Spec, class Arguments>
__device__ void qk_norm_rope_grad_generic_heads(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int dim = int(Spec::head_dim);
  constexpr int widest =
      common_width(full_width<T>, Spec::head_dim, Spec::rotary_dim / 2, Spec::q_stride,
                   Spec::k_stride, Spec::dq_stride, Spec::dk_stride);
  const T *q = arguments.q(), *k = arguments.k();
  const float *table = arguments.table();
  const int *document_start = arguments.document_start();
  const float *inverse_rms = arguments.inverse_rms();
  T *dq = arguments.dq(), *dk = arguments.dk();
  float *partial = arguments.workspace() + int64(blockIdx.x) * 2 * dim;
  __shared__ float sums[int(Spec::Launch::row_threads) / warp_size][dim];
  bool allowed =
      aligned<widest>(q) && aligned<widest>(k) && aligned<widest>(dq) && aligned<widest>(dk);
  with_width<widest>(allowed, [&](auto width) {
    constexpr int W = decltype(width)::value;
    norm_rope_heads_grad<Spec, W, int(Spec::heads)>(
        arguments.dq_out(), q, Spec::q_stride, arguments.q_weight(), table, document_start,
        inverse_rms, dq, Spec::dq_stride, partial, sums);
    norm_rope_heads_grad<Spec, W, int(Spec::groups)>(
        arguments.dk_out(), k, Spec::k_stride, arguments.k_weight(), table, document_start,
        inverse_rms + Spec::heads, dk, Spec::dk_stride, partial + dim, sums);
  });
}

/// One block for each Launch::columns columns of the two weights.
template <class Spec, class Arguments>
__device__ void qk_norm_rope_grad_generic_weights(const Arguments &arguments) {
  using G = typename Spec::grad_type;
  constexpr int dim = int(Spec::head_dim);
  float beta = *arguments.beta();
  sum_columns<typename Spec::Launch>(arguments.workspace(),
                                     ceil_div(Spec::tokens, Spec::Launch::rows_per_part), 2 * dim,
                                     [&](int column, float sum) {
                                       G *to = column < dim ? arguments.dq_weight() + column
                                                            : arguments.dk_weight() + column - dim;
                                       *to = from_float<G>(accumulated(beta, to, sum));
                                     });
}

} // namespace step37
