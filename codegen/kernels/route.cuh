// The choice of experts and its gradient: families route and route_grad. One warp a token.
#pragma once

#include "common.cuh"

namespace step37 {

constexpr unsigned whole_warp = 0xffffffffu;

/// The token of this warp.
__device__ inline int64 route_token() {
  return int64(blockIdx.x) * (block_threads / warp_size) + threadIdx.x / warp_size;
}

/// An unsigned integer that orders as the floats do, all above 0; NaN counts as −inf.
__device__ inline unsigned ordered(float key) {
  unsigned bits = __float_as_uint((key != key ? -infinity() : key) + 0.0f); // −0 becomes +0
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/// p[s] = softmax of the logits, expert lane + 32·s in slot s; slots without an expert are 0.
template <int experts, int slots>
__device__ void route_softmax(const float *logits, float (&p)[slots]) {
  int lane = threadIdx.x % warp_size;
  float largest = -infinity(), sum = 0;
#pragma unroll
  for (int s = 0; s < slots; ++s) {
    int expert = lane + s * warp_size;
    p[s] = expert < experts ? logits[expert] : -infinity();
    largest = fmaxf(largest, p[s]);
  }
  largest = warp_max(largest);
#pragma unroll
  for (int s = 0; s < slots; ++s) {
    p[s] = lane + s * warp_size < experts ? expf(p[s] - largest) : 0.0f;
    sum += p[s];
  }
  sum = warp_sum(sum);
#pragma unroll
  for (int s = 0; s < slots; ++s)
    p[s] /= sum;
}

/// What the chosen scores of a token are divided by.
template <class Spec> __device__ float route_divisor(const float *scores) {
  if constexpr (!Spec::normalize)
    return 1.0f;
  float total = 0;
  for (int j = 0; j < int(Spec::top_k); ++j)
    total += scores[j];
  return total + 1e-20f;
}

template <class Spec, class Arguments> __device__ void route_generic(const Arguments &arguments) {
  constexpr int experts = int(Spec::experts), top_k = int(Spec::top_k);
  constexpr int slots = int(ceil_div(experts, warp_size));
  int64 token = route_token();
  if (token >= Spec::tokens)
    return;
  int lane = threadIdx.x % warp_size;
  const float *logits = arguments.logits() + token * experts;
  const float *bias = arguments.bias();
  float *weights = arguments.weights() + token * top_k;
  int *chosen = arguments.chosen() + token * top_k;
  float *scores = arguments.scores() + token * top_k;

  float p[slots];
  unsigned keys[slots]; // 0: no expert, or chosen before
  if constexpr (Spec::softmax)
    route_softmax<experts>(logits, p);
#pragma unroll
  for (int s = 0; s < slots; ++s) {
    int expert = lane + s * warp_size;
    keys[s] = 0;
    if (expert < experts) {
      if constexpr (!Spec::softmax)
        p[s] = 1.0f / (1.0f + expf(-logits[expert]));
      keys[s] = ordered(Spec::has_bias ? p[s] + bias[expert] : p[s]);
    }
  }

  for (int j = 0; j < top_k; ++j) {
    // The largest key, and of equal ones the lowest expert: one comparison of 64 bits.
    unsigned best_key = 0;
    int best = 0x7fffffff;
    float best_p = 0;
#pragma unroll
    for (int s = 0; s < slots; ++s)
      if (keys[s] > best_key) {
        best_key = keys[s];
        best = lane + s * warp_size;
        best_p = p[s];
      }
    unsigned long long winner = (unsigned long long)(best_key) << 32 | unsigned(0x7fffffff - best);
#pragma unroll
    for (int distance = warp_size / 2; distance > 0; distance /= 2) {
      unsigned long long other = __shfl_xor_sync(whole_warp, winner, distance);
      winner = other > winner ? other : winner;
    }
    int expert = 0x7fffffff - int(winner & 0xffffffffu);
    float score = __shfl_sync(whole_warp, best_p, expert % warp_size);
#pragma unroll
    for (int s = 0; s < slots; ++s)
      if (lane + s * warp_size == expert)
        keys[s] = 0;
    if (lane == 0) {
      chosen[j] = expert;
      scores[j] = score;
    }
  }
  __syncwarp(); // the scores are there for all lanes
  float total = route_divisor<Spec>(scores);
  for (int j = lane; j < top_k; j += warp_size)
    weights[j] = float(Spec::scale) * (scores[j] / total);
}

template <class Spec, class Arguments>
__device__ void route_grad_generic(const Arguments &arguments) {
  constexpr int experts = int(Spec::experts), top_k = int(Spec::top_k);
  constexpr int slots = int(ceil_div(experts, warp_size));
  int64 token = route_token();
  if (token >= Spec::tokens)
    return;
  int lane = threadIdx.x % warp_size;
  const float *dweights = arguments.dweights() + token * top_k;
  const float *logits = arguments.logits() + token * experts;
  const int *chosen = arguments.chosen() + token * top_k;
  const float *scores = arguments.scores() + token * top_k;
  float *dlogits = arguments.dlogits() + token * experts;

  float total = route_divisor<Spec>(scores), shared = 0;
  if constexpr (Spec::normalize)
    for (int j = 0; j < top_k; ++j)
      shared += dweights[j] * (scores[j] / total);
  auto score_gradient = [&](int j) { return float(Spec::scale) * (dweights[j] - shared) / total; };

  if constexpr (Spec::softmax) {
    float p[slots], mean = 0;
    route_softmax<experts>(logits, p);
    for (int j = 0; j < top_k; ++j)
      mean += score_gradient(j) * scores[j];
#pragma unroll
    for (int s = 0; s < slots; ++s)
      if (lane + s * warp_size < experts)
        dlogits[lane + s * warp_size] = p[s] * -mean;
    __syncwarp(); // before the chosen ones are changed
    for (int j = lane; j < top_k; j += warp_size)
      dlogits[chosen[j]] += scores[j] * score_gradient(j);
  } else {
#pragma unroll
    for (int s = 0; s < slots; ++s)
      if (lane + s * warp_size < experts)
        dlogits[lane + s * warp_size] = 0.0f;
    __syncwarp();
    // The slope p(1−p) is made of two sigmoids: 1−p would round away for large logits.
    for (int j = lane; j < top_k; j += warp_size) {
      float logit = logits[chosen[j]];
      dlogits[chosen[j]] = score_gradient(j) * sigmoid(logit) * sigmoid(-logit);
    }
  }
}

} // namespace step37
