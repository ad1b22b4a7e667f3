// How the elements of a query or key head lie on lanes, for qk_norm_rope and its gradient. A head
// is shared by a few lanes. Each has two accesses' worth of elements at a time, a unit: the two
// halves of rotated pairs, which therefore meet in one thread, or two neighbours of what is not
// rotated.
#pragma once

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
        a[n][i] += float(Spec::weight_offset);
        b[n][i] += float(Spec::weight_offset);
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
constexpr int token_threads = Launch::token_threads;

} // namespace step37
