// Specs of rotary tables, head norms and attention; the conventions are KernelSpec.h's.
#pragma once

#include "codegen/spec/Argument.h"

#include <string_view>
#include <vector>

namespace step37::spec {

/// table[p] = cos(p·frequency_i) for i < n, then sin(p·frequency_i): f32 [positions, 2·n]. Angles
/// are f32 products (docs/model.md B.2, 3 to 5).
struct RopeTable {
  static constexpr std::string_view family = "rope_table";
  int64_t positions = 0;
  std::vector<double> frequencies;
  STEP37_FIELDS(positions, frequencies)
  STEP37_ARGUMENTS(
      (write, table, DType::f32, shape(positions, 2, int64_t(frequencies.size()))))
};

/// For every head of q and of k: RMS norm over head_dim with (weight + weight_offset) if
/// `normalize`, then the rotate-half RoPE on the first `rotary_dim` dimensions, pairs (i,
/// i+rotary_dim/2), at position (t mod seq_len) − document_start[t]. All in f32, rounded once.
/// docs/model.md B.2.
struct QkNormRope {
  static constexpr std::string_view family = "qk_norm_rope";
  int64_t tokens = 0, seq_len = 0, heads = 0, groups = 0, head_dim = 0, rotary_dim = 0;
  int64_t q_stride = 0, k_stride = 0;
  bool normalize = true;
  double eps = 1e-5;
  DType type = DType::f32;
  double weight_offset = 1;
  STEP37_FIELDS(tokens, seq_len, heads, groups, head_dim, rotary_dim, q_stride, k_stride, normalize,
                eps, type, weight_offset)
  int64_t queryWidth() const { return heads * head_dim; }
  int64_t keyWidth() const { return groups * head_dim; }
  STEP37_ARGUMENTS(
      (read, q, type, strided(tokens, queryWidth(), q_stride)),
      (read, k, type, strided(tokens, keyWidth(), k_stride)),
      (read, q_weight, type, shape(head_dim), when(normalize)),
      (read, k_weight, type, shape(head_dim), when(normalize)),
      (read, table, DType::f32, shape(seq_len, rotary_dim), when(rotary_dim > 0)),
      (read, document_start, DType::i32, shape(tokens)),
      (write, q_out, type, shape(tokens, heads, head_dim)),
      (write, k_out, type, shape(tokens, groups, head_dim)),
      (write, inverse_rms, DType::f32, shape(tokens, heads + groups), when(normalize)))
};

/// Gradient of QkNormRope with respect to q, k and, unless they are `frozen`, the two weights.
struct QkNormRopeGrad {
  static constexpr std::string_view family = "qk_norm_rope_grad";
  static constexpr int64_t rowsPerBlock = 64;
  int64_t tokens = 0, seq_len = 0, heads = 0, groups = 0, head_dim = 0, rotary_dim = 0;
  int64_t q_stride = 0, k_stride = 0, dq_stride = 0, dk_stride = 0;
  bool normalize = true;
  double eps = 1e-5;
  DType type = DType::f32, grad_type = DType::f32;
  bool frozen = false;
  double weight_offset = 1;
  STEP37_FIELDS(tokens, seq_len, heads, groups, head_dim, rotary_dim, q_stride, k_stride, dq_stride,
                dk_stride, normalize, eps, type, grad_type, frozen, weight_offset)
  bool sumsWeights() const { return normalize && !frozen; }
  int64_t queryWidth() const { return heads * head_dim; }
  int64_t keyWidth() const { return groups * head_dim; }
  STEP37_ARGUMENTS(
      (read, dq_out, type, shape(tokens, heads, head_dim)),
      (read, dk_out, type, shape(tokens, groups, head_dim)),
      (read, q, type, strided(tokens, queryWidth(), q_stride)),
      (read, k, type, strided(tokens, keyWidth(), k_stride)),
      (read, q_weight, type, shape(head_dim), when(normalize)),
      (read, k_weight, type, shape(head_dim), when(normalize)),
      (read, table, DType::f32, shape(seq_len, rotary_dim), when(rotary_dim > 0)),
      (read, document_start, DType::i32, shape(tokens)),
      (read, inverse_rms, DType::f32, shape(tokens, heads + groups), when(normalize)),
      (slot, beta, when(sumsWeights())),
      (write, dq, type, strided(tokens, queryWidth(), dq_stride)),
      (write, dk, type, strided(tokens, keyWidth(), dk_stride)),
      (readWrite, dq_weight, grad_type, shape(head_dim), when(sumsWeights())),
      (readWrite, dk_weight, grad_type, shape(head_dim), when(sumsWeights())),
      (write, workspace, DType::f32, shape(blockCount(tokens, rowsPerBlock), 2, head_dim),
       when(sumsWeights())))
};

/// Grouped-query attention. Causal: query t of a row sees the keys j ≤ t of its document, that is j
/// ≥ document_start[t], and, if window > 0, j > t − window (window counts the query's own key).
/// Otherwise it sees all keys of its row. KV head g serves query heads g·(heads/groups) … . o =
/// softmax(scale·q·k)·v in f32; out = o·sigmoid(gate) per head if `gated`; lse = log-sum-exp of the
/// scaled scores. docs/model.md B.3, B.4.
struct Attention {
  static constexpr std::string_view family = "attention";
  int64_t tokens = 0, seq_len = 0, heads = 0, groups = 0, head_dim = 0, window = 0;
  int64_t v_stride = 0, gate_stride = 0;
  bool gated = true;
  double scale = 1;
  DType type = DType::f32;
  bool causal = true;
  STEP37_FIELDS(tokens, seq_len, heads, groups, head_dim, window, v_stride, gate_stride, gated,
                scale, type, causal)
  int64_t queryWidth() const { return heads * head_dim; }
  int64_t keyWidth() const { return groups * head_dim; }
  STEP37_ARGUMENTS(
      (read, q, type, shape(tokens, heads, head_dim)),
      (read, k, type, shape(tokens, groups, head_dim)),
      (read, v, type, strided(tokens, keyWidth(), v_stride)),
      (read, gate, type, strided(tokens, heads, gate_stride), when(gated)),
      (read, document_start, DType::i32, shape(tokens), when(causal)),
      (write, out, type, shape(tokens, heads, head_dim)),
      (write, lse, DType::f32, shape(tokens, heads)))
};

/// Gradient of Attention. The gated output carries what is needed: with y = out, <dy,y> per head
/// gives dgate = <dy,y>·(1−sigmoid(gate)) and the softmax's row term.
struct AttentionGrad {
  static constexpr std::string_view family = "attention_grad";
  int64_t tokens = 0, seq_len = 0, heads = 0, groups = 0, head_dim = 0, window = 0;
  int64_t v_stride = 0, gate_stride = 0, dv_stride = 0, dgate_stride = 0;
  bool gated = true;
  double scale = 1;
  DType type = DType::f32;
  bool causal = true;
  STEP37_FIELDS(tokens, seq_len, heads, groups, head_dim, window, v_stride, gate_stride, dv_stride,
                dgate_stride, gated, scale, type, causal)
  int64_t queryWidth() const { return heads * head_dim; }
  int64_t keyWidth() const { return groups * head_dim; }
  STEP37_ARGUMENTS(
      (read, dout, type, shape(tokens, heads, head_dim)),
      (read, q, type, shape(tokens, heads, head_dim)),
      (read, k, type, shape(tokens, groups, head_dim)),
      (read, v, type, strided(tokens, keyWidth(), v_stride)),
      (read, gate, type, strided(tokens, heads, gate_stride), when(gated)),
      (read, document_start, DType::i32, shape(tokens), when(causal)),
      (read, out, type, shape(tokens, heads, head_dim)),
      (read, lse, DType::f32, shape(tokens, heads)),
      (write, dq, type, shape(tokens, heads, head_dim)),
      (write, dk, type, shape(tokens, groups, head_dim)),
      (write, dv, type, strided(tokens, keyWidth(), dv_stride)),
      (write, dgate, type, strided(tokens, heads, dgate_stride), when(gated)),
      (write, workspace, DType::f32, shape(2, tokens, heads)))
};

} // namespace step37::spec
