// Specs of the kernels of a layer: dense products, embedding, norms, positions, attention and the
// MLP's activation. The conventions are KernelSpec.h's.
#pragma once

#include "codegen/spec/Argument.h"
#include "codegen/spec/Fields.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace step37::spec {

/// Where SwiGLU's clamp sits (register of disagreements, entry 3).
enum class ClampPosition : uint8_t { afterSilu, beforeSilu };

/// "after" or "before".
std::string_view name(ClampPosition position);

/// c[m,n] = op(a)·op(b) + beta·c, accumulated in f32, rounded once. op(a) is [m,k]; a is stored
/// [m,k], or [k,m] with transpose_a; b [k,n], or [n,k] with transpose_b. There is a beta with
/// `accumulate` (0: c is not read). `workspace_bytes`: scratch for a library or a variant.
struct Gemm {
  static constexpr std::string_view family = "gemm";
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  int64_t a_stride = 0, b_stride = 0, c_stride = 0;
  DType a_type = DType::f32, b_type = DType::f32, c_type = DType::f32;
  bool accumulate = false;
  int64_t workspace_bytes = 0;
  STEP37_FIELDS(m, n, k, transpose_a, transpose_b, a_stride, b_stride, c_stride, a_type, b_type,
                c_type, accumulate, workspace_bytes)
  STEP37_ARGUMENTS(
      (read, a, a_type, transpose_a ? strided(k, m, a_stride) : strided(m, k, a_stride)),
      (read, b, b_type, transpose_b ? strided(n, k, b_stride) : strided(k, n, b_stride)),
      (access, c, accumulate ? Access::readWrite : Access::write, c_type, strided(m, n, c_stride)),
      (slot, beta, when(accumulate)),
      (write, workspace, DType::u8, workspace_bytes, when(workspace_bytes > 0)))
};

/// out[t] = table[ids[t]], or 0 where the id is outside [0, vocab): another rank's.
struct Embedding {
  static constexpr std::string_view family = "embedding";
  int64_t tokens = 0, vocab = 0, width = 0;
  DType type = DType::f32;
  STEP37_FIELDS(tokens, vocab, width, type)
  STEP37_ARGUMENTS(
      (read, ids, DType::i32, tokens),
      (read, table, type, shape(vocab, width)),
      (write, out, type, shape(tokens, width)))
};

/// dtable[v] = beta·dtable[v] + sum over t with ids[t]=v, in token order, of dy[t] (f32 sums). Ids
/// outside [0, vocab) count nowhere.
struct EmbeddingGrad {
  static constexpr std::string_view family = "embedding_grad";
  int64_t tokens = 0, vocab = 0, width = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(tokens, vocab, width, type, grad_type)
  STEP37_ARGUMENTS(
      (read, ids, DType::i32, tokens),
      (read, dy, type, shape(tokens, width)),
      (slot, beta),
      (readWrite, dtable, grad_type, shape(vocab, width)),
      (write, workspace, DType::i32, shape(2, tokens) + vocab + 1))
};

/// x = sum of `addends` inputs in order (f32, rounded to `type`); y = x·r·(weight+1) with r =
/// 1/sqrt(mean(x²)+eps) from the rounded x, in f32, rounded once. With addends > 1 the sum is an
/// output too. spec/model.md B.1.
struct RmsNorm {
  static constexpr std::string_view family = "rms_norm";
  int64_t rows = 0, cols = 0, addends = 1;
  double eps = 1e-5;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, addends, eps, type)
  STEP37_ARGUMENTS(
      (each, addend, type, shape(rows, cols), addends),
      (read, weight, type, cols),
      (write, sum, type, shape(rows, cols), inPlaceOf("addend"), when(addends > 1)),
      (write, y, type, shape(rows, cols)),
      (write, inverse_rms, DType::f32, rows))
};

/// Gradient of RmsNorm. With u = dy·(w+1): dx = r·u − x·r³·mean(u·x) + sum of `residuals` further
/// gradients of x, rounded once; dweight = beta·dweight + sum over rows of dy·x·r, unless the
/// weight is `frozen`.
struct RmsNormGrad {
  static constexpr std::string_view family = "rms_norm_grad";
  static constexpr int64_t rowsPerBlock = 64;
  int64_t rows = 0, cols = 0, residuals = 0;
  double eps = 1e-5;
  DType type = DType::f32, grad_type = DType::f32;
  bool frozen = false;
  STEP37_FIELDS(rows, cols, residuals, eps, type, grad_type, frozen)
  STEP37_ARGUMENTS(
      (read, dy, type, shape(rows, cols)),
      (read, x, type, shape(rows, cols)),
      (read, weight, type, cols),
      (read, inverse_rms, DType::f32, rows),
      (each, residual, type, shape(rows, cols), residuals),
      (slot, beta, when(!frozen)),
      (write, dx, type, shape(rows, cols), inPlaceOf(residuals > 0 ? "residual" : "dy")),
      (readWrite, dweight, grad_type, cols, when(!frozen)),
      (write, workspace, DType::f32, shape(blockCount(rows, rowsPerBlock), cols), when(!frozen)))
};

/// out = sum of `addends` inputs in order, f32, rounded once.
struct Add {
  static constexpr std::string_view family = "add";
  int64_t elements = 0, addends = 2;
  DType type = DType::f32;
  STEP37_FIELDS(elements, addends, type)
  STEP37_ARGUMENTS(
      (each, addend, type, elements, addends),
      (write, out, type, elements, inPlaceOf("addend")))
};

/// table[p] = cos(p·frequency_i) for i < n, then sin(p·frequency_i): f32 [positions, 2·n]. Angles
/// are f32 products (spec/model.md B.2, 3 to 5).
struct RopeTable {
  static constexpr std::string_view family = "rope_table";
  int64_t positions = 0;
  std::vector<double> frequencies;
  STEP37_FIELDS(positions, frequencies)
  STEP37_ARGUMENTS(
      (write, table, DType::f32, shape(positions, 2, int64_t(frequencies.size()))))
};

/// For every head of q and of k: RMS norm over head_dim with (weight+1) if `normalize`, then the
/// rotate-half RoPE on the first `rotary_dim` dimensions, pairs (i, i+rotary_dim/2), at position (t
/// mod seq_len) − document_start[t]. All in f32, rounded once. spec/model.md B.2. `table` holds the
/// cosines of a position, then its sines (absent if rotary_dim is 0).
struct QkNormRope {
  static constexpr std::string_view family = "qk_norm_rope";
  int64_t tokens = 0, seq_len = 0, heads = 0, groups = 0, head_dim = 0, rotary_dim = 0;
  int64_t q_stride = 0, k_stride = 0;
  bool normalize = true;
  double eps = 1e-5;
  DType type = DType::f32;
  STEP37_FIELDS(tokens, seq_len, heads, groups, head_dim, rotary_dim, q_stride, k_stride, normalize,
                eps, type)
  STEP37_ARGUMENTS(
      (read, q, type, strided(tokens, heads * head_dim, q_stride)),
      (read, k, type, strided(tokens, groups * head_dim, k_stride)),
      (read, q_weight, type, head_dim, when(normalize)),
      (read, k_weight, type, head_dim, when(normalize)),
      (read, table, DType::f32, shape(seq_len, rotary_dim), when(rotary_dim > 0)),
      (read, document_start, DType::i32, tokens),
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
  STEP37_FIELDS(tokens, seq_len, heads, groups, head_dim, rotary_dim, q_stride, k_stride, dq_stride,
                dk_stride, normalize, eps, type, grad_type, frozen)
  bool sumsWeights() const { return normalize && !frozen; }
  STEP37_ARGUMENTS(
      (read, dq_out, type, shape(tokens, heads, head_dim)),
      (read, dk_out, type, shape(tokens, groups, head_dim)),
      (read, q, type, strided(tokens, heads * head_dim, q_stride)),
      (read, k, type, strided(tokens, groups * head_dim, k_stride)),
      (read, q_weight, type, head_dim, when(normalize)),
      (read, k_weight, type, head_dim, when(normalize)),
      (read, table, DType::f32, shape(seq_len, rotary_dim), when(rotary_dim > 0)),
      (read, document_start, DType::i32, tokens),
      (read, inverse_rms, DType::f32, shape(tokens, heads + groups), when(normalize)),
      (slot, beta, when(sumsWeights())),
      (write, dq, type, strided(tokens, heads * head_dim, dq_stride)),
      (write, dk, type, strided(tokens, groups * head_dim, dk_stride)),
      (readWrite, dq_weight, grad_type, head_dim, when(sumsWeights())),
      (readWrite, dk_weight, grad_type, head_dim, when(sumsWeights())),
      (write, workspace, DType::f32, shape(blockCount(tokens, rowsPerBlock), 2, head_dim),
       when(sumsWeights())))
};

/// Grouped-query attention. Causal: query t of a row sees the keys j ≤ t of its document, that is j
/// ≥ document_start[t], and, if window > 0, j > t − window (window counts the query's own key).
/// Otherwise it sees all keys of its row. KV head g serves query heads g·(heads/groups) … . o =
/// softmax(scale·q·k)·v in f32; out = o·sigmoid(gate) per head if `gated`; lse = log-sum-exp of the
/// scaled scores. spec/model.md B.3, B.4.
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
  STEP37_ARGUMENTS(
      (read, q, type, shape(tokens, heads, head_dim)),
      (read, k, type, shape(tokens, groups, head_dim)),
      (read, v, type, strided(tokens, groups * head_dim, v_stride)),
      (read, gate, type, strided(tokens, heads, gate_stride), when(gated)),
      (read, document_start, DType::i32, tokens, when(causal)),
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
  STEP37_ARGUMENTS(
      (read, dout, type, shape(tokens, heads, head_dim)),
      (read, q, type, shape(tokens, heads, head_dim)),
      (read, k, type, shape(tokens, groups, head_dim)),
      (read, v, type, strided(tokens, groups * head_dim, v_stride)),
      (read, gate, type, strided(tokens, heads, gate_stride), when(gated)),
      (read, document_start, DType::i32, tokens, when(causal)),
      (read, out, type, shape(tokens, heads, head_dim)),
      (read, lse, DType::f32, shape(tokens, heads)),
      (write, dq, type, shape(tokens, heads, head_dim)),
      (write, dk, type, shape(tokens, groups, head_dim)),
      (write, dv, type, strided(tokens, groups * head_dim, dv_stride)),
      (write, dgate, type, strided(tokens, heads, dgate_stride), when(gated)),
      (write, workspace, DType::f32, shape(2, tokens, heads)))
};

/// out = min(silu(gate), limit)·clamp(up, −limit, limit) (clamp after SiLU), or silu(min(gate,
/// limit))·clamp(up, ±limit) (before); limit 0 means no clamp. spec/model.md B.5.
struct Swiglu {
  static constexpr std::string_view family = "swiglu";
  int64_t rows = 0, cols = 0, gate_stride = 0, up_stride = 0;
  double limit = 0;
  ClampPosition clamp = ClampPosition::afterSilu;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, gate_stride, up_stride, limit, clamp, type)
  STEP37_ARGUMENTS(
      (read, gate, type, strided(rows, cols, gate_stride)),
      (read, up, type, strided(rows, cols, up_stride)),
      (write, out, type, shape(rows, cols),
       inPlaceOf(gate_stride == cols ? "gate" : up_stride == cols ? "up" : "")))
};

/// Gradient of Swiglu; a clamp passes the gradient at equality.
struct SwigluGrad {
  static constexpr std::string_view family = "swiglu_grad";
  int64_t rows = 0, cols = 0, gate_stride = 0, up_stride = 0, dgate_stride = 0, dup_stride = 0;
  double limit = 0;
  ClampPosition clamp = ClampPosition::afterSilu;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, gate_stride, up_stride, dgate_stride, dup_stride, limit, clamp, type)
  STEP37_ARGUMENTS(
      (read, dout, type, shape(rows, cols)),
      (read, gate, type, strided(rows, cols, gate_stride)),
      (read, up, type, strided(rows, cols, up_stride)),
      (write, dgate, type, strided(rows, cols, dgate_stride)),
      (write, dup, type, strided(rows, cols, dup_stride)))
};

} // namespace step37::spec
