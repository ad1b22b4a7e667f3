// Where the arguments of attention and attention_grad stand, for all their variants.
#pragma once

#include "common.cuh"

namespace step37 {

/// q, k, v, [gate], [document_start], out, lse.
template <class Spec> struct AttentionArguments {
  static constexpr int gate = 3, document_start = Spec::gated ? 4 : 3,
                       out = document_start + Spec::causal, lse = out + 1;
};

/// dout, q, k, v, [gate], [document_start], out, lse, dq, dk, dv, [dgate], workspace.
template <class Spec> struct AttentionGradArguments {
  static constexpr int gate = 4, document_start = Spec::gated ? 5 : 4,
                       out = document_start + Spec::causal, lse = out + 1, dq = lse + 1,
                       dk = dq + 1, dv = dk + 1, dgate = dv + 1,
                       workspace = dv + (Spec::gated ? 2 : 1);
};

/// Starts of the documents of a row's tokens; without causality there is no such argument.
template <class Spec, int N>
__device__ const int *attention_starts(const Pointers<N> &buffers, int argument, int64 row_start) {
  return Spec::causal ? buffers.template get<const int>(argument) + row_start : nullptr;
}

} // namespace step37
