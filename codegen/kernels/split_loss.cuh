// Cross-entropy where each rank has some of the vocabulary's columns: families loss_stats,
// merge_loss_stats and logits_grad. With all columns on one rank it is loss.cuh.
#pragma once

#include "loss.cuh"

namespace step37 {

/// Of a rank's columns those that are in the vocabulary: the first ones.
template <class Spec> __device__ int counted_columns(int coordinate) {
  int64 counted = Spec::total_vocab - int64(coordinate) * Spec::vocab;
  return int(counted < 0 ? 0 : counted < Spec::vocab ? counted : Spec::vocab);
}

/// One block of block_threads a row.
template <class Spec, class Arguments>
__device__ void loss_stats_generic(const Arguments &arguments) {
  constexpr int W = common_width(full_width<float>, Spec::vocab);
  __shared__ float scratch[warp_size];
  const float *logits = arguments.logits() + blockIdx.x * Spec::vocab;
  int columns = counted_columns<Spec>(*arguments.coordinate());
  ExponentialSum own;
#pragma unroll 4
  for (int column = threadIdx.x * W; column < columns; column += block_threads * W) {
    float values[W];
    load<W>(logits + column, values);
#pragma unroll
    for (int i = 0; i < W; ++i)
      values[i] = column + i < columns ? values[i] : -infinity();
    own.add(values);
  }
  float largest = block_max(own.largest, scratch);
  float sum = block_sum(own.sum == 0.0f ? 0.0f : own.sum * expf(own.largest - largest), scratch);
  if (threadIdx.x == 0) {
    int label = arguments.labels()[blockIdx.x];
    float *stats = arguments.stats() + int64(blockIdx.x) * 3;
    stats[0] = largest;
    stats[1] = sum;
    stats[2] = label < 0 ? 0.0f : logits[label];
  }
}

/// One thread a row.
template <class Spec, class Arguments>
__device__ void merge_loss_stats_generic(const Arguments &arguments) {
  int64 row = int64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row >= Spec::rows)
    return;
  const float *stats = arguments.stats() + row * 3;
  constexpr int64 stride = Spec::rows * 3;
  float largest = -infinity(), sum = 0, label_logit = 0;
  for (int rank = 0; rank < int(Spec::ranks); ++rank)
    largest = fmaxf(largest, stats[rank * stride]);
  for (int rank = 0; rank < int(Spec::ranks); ++rank) {
    sum += stats[rank * stride + 1] * expf(stats[rank * stride] - largest);
    label_logit += stats[rank * stride + 2];
  }
  float lse = largest + logf(sum);
  arguments.lse()[row] = lse;
  arguments.token_loss()[row] = arguments.weights()[row] * (lse - label_logit);
}

/// One block of block_threads a row.
template <class Spec, class Arguments>
__device__ void logits_grad_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int W = common_width(full_width<float>, Spec::vocab);
  const float *logits = arguments.logits() + blockIdx.x * Spec::vocab;
  int label = arguments.labels()[blockIdx.x];
  float weight = *arguments.scale() * arguments.weights()[blockIdx.x];
  float lse = arguments.lse()[blockIdx.x];
  int columns = counted_columns<Spec>(*arguments.coordinate());
  T *dlogits = arguments.dlogits() + blockIdx.x * Spec::vocab;
  for (int column = threadIdx.x * W; column < int(Spec::vocab); column += block_threads * W) {
    float values[W];
    load<W>(logits + column, values);
#pragma unroll
    for (int i = 0; i < W; ++i)
      values[i] = column + i < columns
                      ? expf(values[i] - lse) * weight - (column + i == label ? weight : 0.0f)
                      : 0.0f;
    store<W>(dlogits + column, values);
  }
}

} // namespace step37
