// RMS norm and rotary positions of query and key heads, and their gradient: families qk_norm_rope
// and qk_norm_rope_grad. A head is shared by a few lanes. Each has two accesses' worth of elements
// at a time, a unit: the two halves of rotated pairs, which therefore meet in one thread, or two
// neighbours of what is not rotated.
#pragma once

#include "column_sums.cuh"
#include "vector.cuh"

namespace step37 {

/// How the elements of a head lie on lanes, W elements an access. Some lanes of a head may have
/// none.
template <class Spec, int W> struct HeadUnits {
  static constexpr int dim = int(Spec::head_dim), half = int(Spec::rotary_dim) / 2;
  static constexpr int rotated = half / W, others = int(ceil_div(dim / W - 2 * rotated, 2));
  static constexpr int units = rotated + others;
  static constexpr int lanes_for(int lanes) {
    return lanes < units && lanes < warp_size ? lanes_for(2 * lanes) : lanes;
  }
  static constexpr int lanes = lanes_for(1); // of a head: a power of two
  static constexpr int per_lane = int(ceil_div(units, lanes));
};

/// What a lane knows of its units whatever the head: where they are, and how they turn at a
/// position.
template <class Spec, int W> struct LaneUnits {
  using Units = HeadUnits<Spec, W>;
  int first[Units::per_lane], second[Units::per_lane]; // elements; −1: none
  float cosine[Units::per_lane][W], sine[Units::per_lane][W];

  __device__ explicit LaneUnits(int lane) {
#pragma unroll
    for (int n = 0; n < Units::per_lane; ++n) {
      int unit = n * Units::lanes + lane;
      bool rotated = unit < Units::rotated;
      int other = 2 * Units::half + (unit - Units::rotated) * 2 * W;
      first[n] = unit >= Units::units ? -1 : rotated ? unit * W : other;
      second[n] = rotated ? unit * W + Units::half : other + W < Units::dim ? other + W : -1;
      second[n] = first[n] < 0 ? -1 : second[n];
#pragma unroll
      for (int i = 0; i < W; ++i) {
        cosine[n][i] = 1;
        sine[n][i] = 0;
      }
    }
  }

  /// Angles from a row of the table: cosines, then sines.
  __device__ void turn(const float *row) {
    constexpr int width = W < 4 ? W : 4; // of a 16-byte access to f32
#pragma unroll
    for (int n = 0; n < Units::per_lane; ++n)
      if (first[n] >= 0 && first[n] < Units::half)
#pragma unroll
        for (int part = 0; part < W; part += width) {
          float values[width];
          load_readonly<width>(row + first[n] + part, values);
#pragma unroll
          for (int i = 0; i < width; ++i)
            cosine[n][part + i] = values[i];
          load_readonly<width>(row + Units::half + first[n] + part, values);
#pragma unroll
          for (int i = 0; i < width; ++i)
            sine[n][part + i] = values[i];
        }
  }

  /// Two values a unit from a head's row; 0 where there is none.
  template <class T>
  __device__ void load(const T *row, float (&a)[Units::per_lane][W], float (&b)[Units::per_lane][W],
                       bool active) const {
#pragma unroll
    for (int n = 0; n < Units::per_lane; ++n) {
#pragma unroll
      for (int i = 0; i < W; ++i)
        a[n][i] = b[n][i] = 0;
      if (active && first[n] >= 0)
        load_readonly<W>(row + first[n], a[n]);
      if (active && second[n] >= 0)
        load_readonly<W>(row + second[n], b[n]);
    }
  }

  template <class T>
  __device__ void store(T *row, const float (&a)[Units::per_lane][W],
                        const float (&b)[Units::per_lane][W]) const {
#pragma unroll
    for (int n = 0; n < Units::per_lane; ++n) {
      if (first[n] >= 0)
        step37::store<W>(row + first[n], a[n]);
      if (second[n] >= 0)
        step37::store<W>(row + second[n], b[n]);
    }
  }

  /// The factors of the norm: weights are stored less one.
  template <class T>
  __device__ void load_scale(const T *weight, float (&a)[Units::per_lane][W],
                             float (&b)[Units::per_lane][W]) const {
    load(weight, a, b, true);
#pragma unroll
    for (int n = 0; n < Units::per_lane; ++n)
#pragma unroll
      for (int i = 0; i < W; ++i) {
        a[n][i] += 1.0f;
        b[n][i] += 1.0f;
      }
  }

  /// Rotates by the angles what is to be rotated; direction −1 turns back.
  __device__ void rotate(float (&a)[Units::per_lane][W], float (&b)[Units::per_lane][W],
                         float direction) const {
#pragma unroll
    for (int n = 0; n < Units::per_lane; ++n)
#pragma unroll
      for (int i = 0; i < W; ++i) {
        bool turns = first[n] < Units::half;
        float x = a[n][i], y = b[n][i], s = direction * sine[n][i];
        a[n][i] = turns ? x * cosine[n][i] - y * s : x;
        b[n][i] = turns ? y * cosine[n][i] + x * s : y;
      }
  }
};

/// Sum of a·c + b·d over the lanes of a head; every one of them gets it. For whole warps.
template <int lanes, int units, int W>
__device__ float head_dot(const float (&a)[units][W], const float (&c)[units][W],
                          const float (&b)[units][W], const float (&d)[units][W]) {
  float sum = 0;
#pragma unroll
  for (int n = 0; n < units; ++n)
#pragma unroll
    for (int i = 0; i < W; ++i)
      sum += a[n][i] * c[n][i] + b[n][i] * d[n][i];
#pragma unroll
  for (int distance = lanes / 2; distance > 0; distance /= 2)
    sum += __shfl_xor_sync(0xffffffffu, sum, distance);
  return sum;
}

/// The row of the table for a token.
template <class Spec>
__device__ const float *angles(const float *table, const int *document_start, int64 token) {
  return table + (token % Spec::seq_len - document_start[token]) * Spec::rotary_dim;
}

/// Threads that share a token.
constexpr int token_threads = 64;

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

/// Arguments: q, k, [q_weight, k_weight], [table], document_start, q_out, k_out, [inverse_rms].
/// block_threads / token_threads tokens a block.
template <class Spec, int N> __device__ void qk_norm_rope_generic(const Pointers<N> &buffers) {
  using T = typename Spec::type;
  constexpr int table_at = Spec::normalize ? 4 : 2, start_at = table_at + (Spec::rotary_dim > 0);
  constexpr int heads = int(Spec::heads), groups = int(Spec::groups), dim = int(Spec::head_dim);
  constexpr int widest = common_width(full_width<T>, Spec::head_dim, Spec::rotary_dim / 2,
                                      Spec::q_stride, Spec::k_stride);
  const T *q = buffers.template get<const T>(0), *k = buffers.template get<const T>(1);
  const T *q_weight = buffers.template get<const T>(Spec::normalize ? 2 : 0);
  const T *k_weight = buffers.template get<const T>(Spec::normalize ? 3 : 0);
  const float *table = buffers.template get<const float>(Spec::rotary_dim > 0 ? table_at : 0);
  const int *document_start = buffers.template get<const int>(start_at);
  T *q_out = buffers.template get<T>(start_at + 1), *k_out = buffers.template get<T>(start_at + 2);
  float *inverse_rms = buffers.template get<float>(Spec::normalize ? start_at + 3 : 0);

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

/// Threads of a block of the gradient, and the tokens that it leaves one part of the weights'
/// gradients for (spec::QkNormRopeGrad::rowsPerBlock).
constexpr int qk_grad_threads = 512, qk_grad_tokens = 64;

/// One side, q or k, of the gradient for the tokens of this block. Leaves the part of the weight's
/// gradient in `partial`. `sums`: shared memory, a row of head_dim a warp.
template <class Spec, int W, int heads, class T>
__device__ void norm_rope_heads_grad(const T *dout, const T *in, int64 in_stride, const T *weight,
                                     const float *table, const int *document_start,
                                     const float *inverse_rms, T *din, int64 din_stride,
                                     float *partial, float (*sums)[int(Spec::head_dim)]) {
  using Units = HeadUnits<Spec, W>;
  constexpr int slots = qk_grad_threads / token_threads, groups = token_threads / Units::lanes;
  constexpr int row_heads = int(Spec::heads + Spec::groups);
  int slot = threadIdx.x / token_threads, thread = threadIdx.x % token_threads;
  LaneUnits<Spec, W> units(thread % Units::lanes);
  float a_scale[Units::per_lane][W], b_scale[Units::per_lane][W];
  float a_sum[Units::per_lane][W] = {}, b_sum[Units::per_lane][W] = {};
  if constexpr (Spec::normalize)
    units.load_scale(weight, a_scale, b_scale);

  for (int round = 0; round < qk_grad_tokens; round += slots) {
    int64 token = int64(blockIdx.x) * qk_grad_tokens + round + slot;
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

  if constexpr (Spec::normalize) {
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
    for (int column = threadIdx.x; column < Units::dim; column += qk_grad_threads) {
      float sum = 0;
      for (int warp = 0; warp < qk_grad_threads / warp_size; ++warp)
        sum += sums[warp][column];
      partial[column] = sum;
    }
    __syncthreads(); // before the other side's sums
  }
}

/// Where the arguments of the gradient stand.
template <class Spec> struct QkGradArguments {
  static constexpr bool norm = Spec::normalize, turns = Spec::rotary_dim > 0;
  static constexpr int table = norm ? 6 : 4, start = table + turns, inverse_rms = start + 1;
  static constexpr int beta = start + 2, dq = start + (norm ? 3 : 1), dk = dq + 1;
  static constexpr int dq_weight = dk + 1, dk_weight = dk + 2, workspace = dk + 3;
};

/// Arguments: dq_out, dk_out, q, k, [q_weight, k_weight], [table], document_start, [inverse_rms,
/// beta], dq, dk, [dq_weight, dk_weight, workspace]. One block of qk_grad_threads for
/// qk_grad_tokens tokens.
template <class Spec, int N>
__device__ void qk_norm_rope_grad_generic_heads(const Pointers<N> &buffers) {
  using T = typename Spec::type;
  using At = QkGradArguments<Spec>;
  constexpr int dim = int(Spec::head_dim);
  constexpr int widest =
      common_width(full_width<T>, Spec::head_dim, Spec::rotary_dim / 2, Spec::q_stride,
                   Spec::k_stride, Spec::dq_stride, Spec::dk_stride);
  const T *q = buffers.template get<const T>(2), *k = buffers.template get<const T>(3);
  const float *table = buffers.template get<const float>(At::turns ? At::table : 0);
  const int *document_start = buffers.template get<const int>(At::start);
  const float *inverse_rms = buffers.template get<const float>(At::norm ? At::inverse_rms : 0);
  T *dq = buffers.template get<T>(At::dq), *dk = buffers.template get<T>(At::dk);
  float *partial =
      buffers.template get<float>(At::norm ? At::workspace : 0) + int64(blockIdx.x) * 2 * dim;
  __shared__ float sums[qk_grad_threads / warp_size][dim];
  bool allowed =
      aligned<widest>(q) && aligned<widest>(k) && aligned<widest>(dq) && aligned<widest>(dk);
  with_width<widest>(allowed, [&](auto width) {
    constexpr int W = decltype(width)::value;
    norm_rope_heads_grad<Spec, W, int(Spec::heads)>(
        buffers.template get<const T>(0), q, Spec::q_stride,
        buffers.template get<const T>(At::norm ? 4 : 0), table, document_start, inverse_rms, dq,
        Spec::dq_stride, partial, sums);
    norm_rope_heads_grad<Spec, W, int(Spec::groups)>(
        buffers.template get<const T>(1), k, Spec::k_stride,
        buffers.template get<const T>(At::norm ? 5 : 0), table, document_start,
        inverse_rms + Spec::heads, dk, Spec::dk_stride, partial + dim, sums);
  });
}

/// One block for each column_sum_width columns of the two weights.
template <class Spec, int N>
__device__ void qk_norm_rope_grad_generic_weights(const Pointers<N> &buffers) {
  using G = typename Spec::grad_type;
  using At = QkGradArguments<Spec>;
  constexpr int dim = int(Spec::head_dim);
  float beta = *buffers.template get<const float>(At::beta);
  sum_columns(buffers.template get<const float>(At::workspace),
              ceil_div(Spec::tokens, qk_grad_tokens), 2 * dim, [&](int column, float sum) {
                G *to = column < dim ? buffers.template get<G>(At::dq_weight) + column
                                     : buffers.template get<G>(At::dk_weight) + column - dim;
                *to = from_float<G>(accumulated(beta, to, sum));
              });
}

} // namespace step37
