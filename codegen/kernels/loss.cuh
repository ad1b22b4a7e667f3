// Cross-entropy of rows of logits and the logits' gradient: family logits_loss. One block a row:
// largest logit and sum of exponentials in one sweep, the gradient in another, which goes backwards
// so that it finds in the cache what the first one read last.
#pragma once

#include "vector.cuh"

namespace step37 {

/// A sum of exponentials relative to the largest exponent so far.
struct ExponentialSum {
  float largest = -infinity(), sum = 0;

  template <int W> __device__ void add(const float (&values)[W]) {
    float most = values[0];
#pragma unroll
    for (int i = 1; i < W; ++i)
      most = fmaxf(most, values[i]);
    if (most > largest) {
      sum *= expf(largest - most);
      largest = most;
    }
    float shift = largest == -infinity() ? 0.0f : largest; // −inf − (−inf) would be NaN
#pragma unroll
    for (int i = 0; i < W; ++i)
      sum += expf(values[i] - shift);
  }
};

template <class Spec, class Arguments>
__device__ void logits_loss_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int W = common_width(full_width<float>, Spec::vocab);
  constexpr int packs = int(Spec::vocab / W), batch = 4;
  __shared__ float scratch[warp_size];
  const float *logits = arguments.logits() + blockIdx.x * Spec::vocab;
  int label = arguments.labels()[blockIdx.x];
  float weight = arguments.weights()[blockIdx.x];
  float label_logit = logits[label];

  ExponentialSum own;
  for (int first = threadIdx.x; first < packs; first += batch * block_threads) {
    float values[batch][W];
#pragma unroll
    for (int b = 0; b < batch; ++b)
      if (first + b * block_threads < packs)
        load<W>(logits + int64(first + b * block_threads) * W, values[b]);
#pragma unroll
    for (int b = 0; b < batch; ++b)
      if (first + b * block_threads < packs)
        own.add(values[b]);
  }
  float largest = block_max(own.largest, scratch);
  float sum = block_sum(own.sum == 0.0f ? 0.0f : own.sum * expf(own.largest - largest), scratch);
  if (threadIdx.x == 0)
    arguments.token_loss()[blockIdx.x] = weight * (largest + logf(sum) - label_logit);

  if constexpr (Spec::gradient) {
    float scaled = *arguments.scale() * weight, factor = scaled / sum;
    T *dlogits = arguments.dlogits() + blockIdx.x * Spec::vocab; // may be in place of logits
    constexpr int rounds = int(ceil_div(packs, batch * block_threads));
    for (int round = rounds - 1; round >= 0; --round) {
      int first = round * batch * block_threads + threadIdx.x;
      float values[batch][W];
#pragma unroll
      for (int b = 0; b < batch; ++b)
        if (first + b * block_threads < packs)
          load<W>(logits + int64(first + b * block_threads) * W, values[b]);
#pragma unroll
      for (int b = 0; b < batch; ++b) {
        int column = (first + b * block_threads) * W;
        if (first + b * block_threads < packs) {
#pragma unroll
          for (int i = 0; i < W; ++i)
            values[b][i] =
                expf(values[b][i] - largest) * factor - (column + i == label ? scaled : 0.0f);
          store<W>(dlogits + column, values[b]);
        }
      }
    }
  }
}

} // namespace step37
