// What both sides of attention's gradient on tensor cores begin with: the terms of each query, and
// dgate. With D = <dout, out> and g = sigmoid(gate) the gradients need g·p and p·(g·dp − D) of a
// weight p = exp(s − lse); with p' = exp(s − (lse − ln g)) these are p' and p'·(dp − D/g). So the
// two terms (lse − ln g)·log2(e) and D/g take the gate in.
#pragma once

#include "attention_tiles.cuh"

namespace step37 {

template <class Spec> struct AttentionGradRows {
  /// Half a warp has some (token, head) pairs, one behind another.
  static constexpr int lanes = 16, each = 4, heads_per_block = int(Spec::Launch::row_pairs);
  static_assert(heads_per_block == Spec::Launch::row_threads / lanes * each);
  static constexpr int64 count = Spec::tokens * Spec::heads, row_term_at = count;
};

/// Writes the terms and dgate. One block for heads_per_block (token, head) pairs.
template <class Spec, class Arguments>
__device__ void attention_grad_wgmma_rows(const Arguments &arguments) {
  using Rows = AttentionGradRows<Spec>;
  constexpr int dim = int(Spec::head_dim);
  static_assert(dim <= Rows::lanes * 8, "a lane has 8 columns");
  const bf16 *dout = arguments.dout(), *out = arguments.out();
  int lane = threadIdx.x % Rows::lanes;
  int64 first = int64(blockIdx.x) * Rows::heads_per_block + threadIdx.x / Rows::lanes * Rows::each;
  float product = 0; // of pair number `lane`
#pragma unroll
  for (int i = 0; i < Rows::each; ++i) {
    float sum = 0;
    if (first + i < Rows::count && lane * 8 < dim) {
      float a[8], b[8];
      load_readonly<8>(dout + (first + i) * dim + lane * 8, a);
      load_readonly<8>(out + (first + i) * dim + lane * 8, b);
#pragma unroll
      for (int j = 0; j < 8; ++j)
        sum += a[j] * b[j];
    }
#pragma unroll
    for (int distance = Rows::lanes / 2; distance > 0; distance /= 2)
      sum += __shfl_xor_sync(0xffffffffu, sum, distance);
    product = lane == i ? sum : product;
  }
  int64 pair = first + lane;
  if (lane >= Rows::each || pair >= Rows::count)
    return;
  float offset = arguments.lse()[pair], row_term = product;
  if constexpr (Spec::gated) {
    int64 token = pair / Spec::heads, head = pair % Spec::heads;
    float gate = to_float(arguments.gate()[token * Spec::gate_stride + head]);
    // −ln g = ln(1 + e^−gate), 1/g = 1 + e^−gate; where that overflows, out and D are 0.
    offset += fmaxf(-gate, 0.0f) + log1pf(expf(-fabsf(gate)));
    row_term *= 1.0f + fminf(expf(-gate), 1e30f);
    arguments.dgate()[token * Spec::dgate_stride + head] =
        from_float<bf16>(product * sigmoid(-gate));
  }
  float *terms = arguments.workspace() + pair;
  terms[0] = offset * log2_e;
  terms[Rows::row_term_at] = row_term;
}

} // namespace step37
