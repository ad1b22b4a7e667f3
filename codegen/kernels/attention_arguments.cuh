// Where the arguments of attention_grad stand, for all its variants.
#pragma once

namespace step37 {

/// dout, q, k, v, [gate], [document_start], out, lse, dq, dk, dv, [dgate], workspace.
template <class Spec> struct AttentionGradArguments {
  static constexpr int gate = 4, document_start = Spec::gated ? 5 : 4,
                       out = document_start + Spec::causal, lse = out + 1, dq = lse + 1,
                       dk = dq + 1, dv = dk + 1, dgate = dv + 1,
                       workspace = dv + (Spec::gated ? 2 : 1);
};

} // namespace step37
