// Typed kernel specs: what a kernel computes, on which shapes and element types. One struct a
// kernel family; the plan stores its fields by name and is otherwise ignorant of them. The compiler
// selects specs, host twins and CUDA templates implement them, the loader checks buffers against
// `arguments()`. Free of LLVM and CUDA. What is not here: how a kernel computes (codegen/kernels,
// runtime/exec/host) and which buffers it gets (the plan).
//
// Conventions. Matrices are row-major; `*_stride` is the distance of rows in elements and exists
// where an operand may be a column range of a wider matrix. A token is a row; rows of a batch are
// `seq_len` tokens each, one after another. f32 scalars live in device slots, so that one captured
// program serves every step. "sum" over rows always means a fixed order.
#pragma once

#include "codegen/spec/Argument.h"
#include "codegen/spec/Fields.h"
#include "codegen/spec/MeshSpecs.h"
#include "codegen/spec/VisionSpec.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace step37::spec {

/// Where SwiGLU's clamp sits (register of disagreements, entry 3).
enum class ClampPosition : uint8_t { afterSilu, beforeSilu };

/// "after" or "before".
std::string_view name(ClampPosition position);

// Every struct below has:
//   static constexpr std::string_view family;           name in the plan file
//   static void visit(self, visitor);                    visitor("field", self.field) for each, in
//   order Arguments arguments() const;                         buffers in launch order

/// c[m,n] = op(a)·op(b) + beta·c, accumulated in f32, rounded once. op(a) is [m,k]; a is stored
/// [m,k], or [k,m] with transpose_a; b [k,n], or [n,k] with transpose_b. With `accumulate` the last
/// argument but the workspace is a f32 slot beta (0: c is not read). `workspace_bytes`: scratch for
/// a library or a variant. Arguments: a, b, c [, beta] [, workspace u8].
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
  Arguments arguments() const;
};

/// out[t] = table[ids[t]], or 0 where the id is outside [0, vocab): another rank's. Arguments: ids
/// i32 [tokens], table [vocab,width], out [tokens,width].
struct Embedding {
  static constexpr std::string_view family = "embedding";
  int64_t tokens = 0, vocab = 0, width = 0;
  DType type = DType::f32;
  STEP37_FIELDS(tokens, vocab, width, type)
  Arguments arguments() const;
};

/// dtable[v] = beta·dtable[v] + sum over t with ids[t]=v, in token order, of dy[t] (f32 sums). Ids
/// outside [0, vocab) count nowhere. Arguments: ids, dy [tokens,width], beta f32, dtable
/// [vocab,width], workspace i32 [2·tokens + vocab + 1].
struct EmbeddingGrad {
  static constexpr std::string_view family = "embedding_grad";
  int64_t tokens = 0, vocab = 0, width = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(tokens, vocab, width, type, grad_type)
  Arguments arguments() const;
};

/// x = sum of `addends` inputs in order (f32, rounded to `type`); y = x·r·(weight+1) with
/// r = 1/sqrt(mean(x²)+eps) from the rounded x, in f32, rounded once. With addends > 1 the sum is
/// an output too. spec/model.md B.1. Arguments: addend 0..n-1 [rows,cols], weight [cols], [sum
/// [rows,cols] if addends > 1], y [rows,cols], inverse_rms f32 [rows].
struct RmsNorm {
  static constexpr std::string_view family = "rms_norm";
  int64_t rows = 0, cols = 0, addends = 1;
  double eps = 1e-5;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, addends, eps, type)
  Arguments arguments() const;
};

/// Gradient of RmsNorm. With u = dy·(w+1): dx = r·u − x·r³·mean(u·x) + sum of `residuals` further
/// gradients of x, rounded once; dweight = beta·dweight + sum over rows of dy·x·r, unless the
/// weight is `frozen`. Arguments: dy, x, weight, inverse_rms, residual 0..n-1,
/// [beta f32], dx, [dweight [cols], workspace f32 [blocks,cols] with blocks = ceil(rows /
/// rowsPerBlock)]; what is in brackets is absent if frozen.
struct RmsNormGrad {
  static constexpr std::string_view family = "rms_norm_grad";
  static constexpr int64_t rowsPerBlock = 64;
  int64_t rows = 0, cols = 0, residuals = 0;
  double eps = 1e-5;
  DType type = DType::f32, grad_type = DType::f32;
  bool frozen = false;
  STEP37_FIELDS(rows, cols, residuals, eps, type, grad_type, frozen)
  Arguments arguments() const;
};

/// out = sum of `addends` inputs in order, f32, rounded once. Arguments: addend 0..n-1, out.
struct Add {
  static constexpr std::string_view family = "add";
  int64_t elements = 0, addends = 2;
  DType type = DType::f32;
  STEP37_FIELDS(elements, addends, type)
  Arguments arguments() const;
};

/// grad = beta·grad + value. Arguments: value, beta f32, grad.
struct AccumulateGradient {
  static constexpr std::string_view family = "accumulate_gradient";
  int64_t elements = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(elements, type, grad_type)
  Arguments arguments() const;
};

/// table[p] = cos(p·frequency_i) for i < n, then sin(p·frequency_i): f32 [positions, 2·n]. Angles
/// are f32 products (spec/model.md B.2, 3 to 5). Arguments: table.
struct RopeTable {
  static constexpr std::string_view family = "rope_table";
  int64_t positions = 0;
  std::vector<double> frequencies;
  STEP37_FIELDS(positions, frequencies)
  Arguments arguments() const;
};

/// For every head of q and of k: RMS norm over head_dim with (weight+1) if `normalize`, then the
/// rotate-half RoPE on the first `rotary_dim` dimensions, pairs (i, i+rotary_dim/2), at position
/// (t mod seq_len) − document_start[t]. All in f32, rounded once. spec/model.md B.2.
/// Arguments: q [tokens, heads·head_dim] (q_stride), k [tokens, groups·head_dim] (k_stride),
/// q_weight [head_dim], k_weight [head_dim] (both absent without normalize),
/// table f32 [seq_len, rotary_dim] (cosines, then sines; absent if rotary_dim is 0),
/// document_start i32 [tokens], q_out, k_out (contiguous),
/// inverse_rms f32 [tokens, heads+groups] (absent without normalize).
struct QkNormRope {
  static constexpr std::string_view family = "qk_norm_rope";
  int64_t tokens = 0, seq_len = 0, heads = 0, groups = 0, head_dim = 0, rotary_dim = 0;
  int64_t q_stride = 0, k_stride = 0;
  bool normalize = true;
  double eps = 1e-5;
  DType type = DType::f32;
  STEP37_FIELDS(tokens, seq_len, heads, groups, head_dim, rotary_dim, q_stride, k_stride, normalize,
                eps, type)
  Arguments arguments() const;
};

/// Gradient of QkNormRope with respect to q, k and, unless they are `frozen`, the two weights.
/// Arguments: dq_out, dk_out (contiguous), q (q_stride), k (k_stride), [q_weight, k_weight],
/// [table], document_start, [inverse_rms], [beta f32], dq (dq_stride), dk (dk_stride), [dq_weight,
/// dk_weight, workspace f32 [blocks, 2·head_dim], blocks = ceil(tokens/rowsPerBlock)]; what is in
/// brackets is there as in QkNormRope (the last group and beta with normalize, unless
/// frozen).
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
  Arguments arguments() const;
};

/// Grouped-query attention. Causal: query t of a row sees the keys j ≤ t of its document, that is
/// j ≥ document_start[t], and, if window > 0, j > t − window (window counts the query's own key).
/// Otherwise it sees all keys of its row.
/// KV head g serves query heads g·(heads/groups) … . o = softmax(scale·q·k)·v in f32;
/// out = o·sigmoid(gate) per head if `gated`; lse = log-sum-exp of the scaled scores.
/// spec/model.md B.3, B.4.
/// Arguments: q [tokens, heads·head_dim], k [tokens, groups·head_dim], v (v_stride),
/// [gate [tokens, heads] (gate_stride)], [document_start i32 [tokens] if causal],
/// out [tokens, heads·head_dim], lse f32 [tokens, heads].
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
  Arguments arguments() const;
};

/// Gradient of Attention. The gated output carries what is needed: with y = out, <dy,y> per head
/// gives dgate = <dy,y>·(1−sigmoid(gate)) and the softmax's row term.
/// Arguments: dout, q, k, v, [gate], [document_start], out, lse, dq, dk (contiguous),
/// dv (dv_stride), [dgate (dgate_stride)], workspace f32 [2, tokens, heads].
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
  Arguments arguments() const;
};

/// out = min(silu(gate), limit)·clamp(up, −limit, limit) (clamp after SiLU), or
/// silu(min(gate, limit))·clamp(up, ±limit) (before); limit 0 means no clamp. spec/model.md B.5.
/// Arguments: gate [rows,cols] (gate_stride), up (up_stride), out [rows,cols].
struct Swiglu {
  static constexpr std::string_view family = "swiglu";
  int64_t rows = 0, cols = 0, gate_stride = 0, up_stride = 0;
  double limit = 0;
  ClampPosition clamp = ClampPosition::afterSilu;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, gate_stride, up_stride, limit, clamp, type)
  Arguments arguments() const;
};

/// Gradient of Swiglu; a clamp passes the gradient at equality.
/// Arguments: dout [rows,cols], gate, up, dgate (dgate_stride), dup (dup_stride).
struct SwigluGrad {
  static constexpr std::string_view family = "swiglu_grad";
  int64_t rows = 0, cols = 0, gate_stride = 0, up_stride = 0, dgate_stride = 0, dup_stride = 0;
  double limit = 0;
  ClampPosition clamp = ClampPosition::afterSilu;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, gate_stride, up_stride, dgate_stride, dup_stride, limit, clamp, type)
  Arguments arguments() const;
};

/// Router: p = sigmoid(logits) (or softmax), choose the top_k of p + bias (ties: lowest index
/// first, order: descending), weight = scale·p/(sum of chosen p + 1e-20) if `normalize`, else
/// scale·p. spec/model.md B.6. Arguments: logits f32 [tokens,experts], [bias f32 [experts] if
/// has_bias], weights f32 [tokens,top_k], chosen i32 [tokens,top_k], scores f32 [tokens,top_k] (the
/// chosen p).
struct Route {
  static constexpr std::string_view family = "route";
  int64_t tokens = 0, experts = 0, top_k = 0;
  double scale = 1;
  bool normalize = true, has_bias = true, softmax = false;
  STEP37_FIELDS(tokens, experts, top_k, scale, normalize, has_bias, softmax)
  Arguments arguments() const;
};

/// Gradient of Route with respect to logits (zero where an expert was not chosen, for sigmoid).
/// Arguments: dweights f32 [tokens,top_k], logits, chosen, scores, dlogits f32 [tokens,experts].
struct RouteGrad {
  static constexpr std::string_view family = "route_grad";
  int64_t tokens = 0, experts = 0, top_k = 0;
  double scale = 1;
  bool normalize = true, softmax = false;
  STEP37_FIELDS(tokens, experts, top_k, scale, normalize, softmax)
  Arguments arguments() const;
};

/// Groups token slots by expert, stable in token order. slot s = t·top_k + j. A slot whose `chosen`
/// is outside [0, experts) (−1: another rank's) has no row, nor has one whose row would be number
/// `rows` or later: its slot_row is −1. Rows behind offsets[experts] have row_slot −1.
/// Arguments: chosen i32 [tokens·top_k], offsets i32 [experts+1] (first row of each expert, last =
/// number of rows in use), row_slot i32 [rows] (slot of each row), slot_row i32 [tokens·top_k] (row
/// of each slot).
struct SortByExpert {
  static constexpr std::string_view family = "sort_by_expert";
  int64_t tokens = 0, experts = 0, top_k = 0, rows = tokens * top_k;
  STEP37_FIELDS(tokens, experts, top_k, rows)
  Arguments arguments() const;
};

/// out[r] = x[row_slot[r] / top_k], or 0 where row_slot[r] is −1. Arguments: x [tokens,cols],
/// row_slot i32 [rows], out [rows,cols].
struct Dispatch {
  static constexpr std::string_view family = "dispatch";
  int64_t tokens = 0, top_k = 0, cols = 0;
  DType type = DType::f32;
  int64_t rows = tokens * top_k;
  STEP37_FIELDS(tokens, top_k, cols, type, rows)
  Arguments arguments() const;
};

/// out[t] = sum over j with slot_row[t·top_k+j] ≥ 0 of w[t,j]·rows[slot_row[t·top_k+j]], j in
/// order, f32, rounded once; w = 1 unless `weighted`. Arguments: rows [rows,cols], slot_row i32
/// [tokens·top_k], [weights f32 [tokens,top_k]], out [tokens,cols].
struct Combine {
  static constexpr std::string_view family = "combine";
  int64_t tokens = 0, top_k = 0, cols = 0;
  bool weighted = true;
  DType type = DType::f32;
  int64_t rows = tokens * top_k;
  STEP37_FIELDS(tokens, top_k, cols, weighted, type, rows)
  Arguments arguments() const;
};

/// Gradient of the weighted Combine: drows[r] = w·dout[t], dweights[t,j] = <dout[t], rows[r]>; 0
/// for a row without a slot and a slot without a row (−1).
/// Arguments: dout [tokens,cols], rows [rows,cols], weights f32 [tokens,top_k], row_slot i32
/// [rows], slot_row i32 [tokens·top_k], drows, dweights.
struct CombineGrad {
  static constexpr std::string_view family = "combine_grad";
  int64_t tokens = 0, top_k = 0, cols = 0;
  DType type = DType::f32;
  int64_t rows = tokens * top_k;
  STEP37_FIELDS(tokens, top_k, cols, type, rows)
  Arguments arguments() const;
};

/// Bytes of scratch in which a GPU kernel describes so many tensors to the copy engine: 128 each,
/// and 64 to align them (codegen/kernels/tensor_map.cuh).
constexpr int64_t tensorMapBytes(int64_t tensors) { return 128 * tensors + 64; }

/// For every group e and its rows r in [offsets[e], offsets[e+1]):
/// out[r] = x[r]·w[e]ᵀ with w [groups,n,k] (transpose_b) or x[r]·w[e] with w [groups,k,n]. offsets
/// begin with 0 and may end before `rows`; the rows behind them are written as 0 and x is not read
/// there. Arguments: x [rows,k], w, offsets i32 [groups+1], out [rows,n], workspace u8
/// [tensorMapBytes(2)].
struct GroupedGemm {
  static constexpr std::string_view family = "grouped_gemm";
  int64_t groups = 0, rows = 0, n = 0, k = 0;
  bool transpose_b = true;
  DType type = DType::f32;
  STEP37_FIELDS(groups, rows, n, k, transpose_b, type)
  Arguments arguments() const;
};

/// dw[e] = beta·dw[e] + sum over rows r of group e of a[r]ᵀ·b[r]: [groups, m, n] in grad_type. Rows
/// behind offsets[groups] are not read; a group without rows is not touched if beta is 1.
/// Arguments: a [rows,m], b [rows,n], offsets i32 [groups+1], beta f32, dw, workspace u8
/// [tensorMapBytes(2·groups)].
struct GroupedGemmGrad {
  static constexpr std::string_view family = "grouped_gemm_grad";
  int64_t groups = 0, rows = 0, m = 0, n = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(groups, rows, m, n, type, grad_type)
  Arguments arguments() const;
};

/// GroupedGemm with packed projections, and Swiglu of what they give: for every group e and its
/// rows r, gate_up[r] = x[r]·w[e]ᵀ with w [groups,2·n,k], gates first, and out[r] is Swiglu of the
/// rounded halves; both are 0 for rows behind offsets[groups]. Arguments: x [rows,k], w, offsets
/// i32 [groups+1], gate_up [rows,2·n], out [rows,n], workspace u8 [tensorMapBytes(2)].
struct GroupedSwiglu {
  static constexpr std::string_view family = "grouped_swiglu";
  int64_t groups = 0, rows = 0, n = 0, k = 0;
  double limit = 0;
  ClampPosition clamp = ClampPosition::afterSilu;
  DType type = DType::f32;
  STEP37_FIELDS(groups, rows, n, k, limit, clamp, type)
  Arguments arguments() const;
};

/// Next-token targets: label[t] = ids[t+by], weight[t] = mask[t+by] if t+by is in the same row
/// (and, for by > 1, in the same document), else label 0 and weight 0. Arguments: ids i32 [tokens],
/// mask f32 [tokens], document_start i32 [tokens], labels i32, weights f32.
struct ShiftLabels {
  static constexpr std::string_view family = "shift_labels";
  int64_t tokens = 0, seq_len = 0, by = 1;
  STEP37_FIELDS(tokens, seq_len, by)
  Arguments arguments() const;
};

/// Cross-entropy of a block of rows from its logits, and with `gradient` the logits' gradient:
/// token_loss[i] = weights[i]·(logsumexp(logits[i]) − logits[i][labels[i]]),
/// dlogits[i] = scale·weights[i]·(softmax(logits[i]) − onehot(labels[i])), rounded to `type`.
/// Arguments: logits f32 [rows,vocab], labels i32 [rows], weights f32 [rows], [scale f32],
/// token_loss f32 [rows], [dlogits [rows,vocab]]; what is in brackets is there with `gradient`.
struct LogitsLoss {
  static constexpr std::string_view family = "logits_loss";
  int64_t rows = 0, vocab = 0;
  bool gradient = false;
  DType type = DType::f32;
  STEP37_FIELDS(rows, vocab, gradient, type)
  Arguments arguments() const;
};

/// Every element becomes `value`. Arguments: out f32 [elements].
struct Fill {
  static constexpr std::string_view family = "fill";
  int64_t elements = 0;
  double value = 0;
  STEP37_FIELDS(elements, value)
  Arguments arguments() const;
};

/// total = sum of values in blocks of fixed size, in order. Arguments: values f32 [elements], total
/// f32 [1].
struct ReduceSum {
  static constexpr std::string_view family = "reduce_sum";
  int64_t elements = 0;
  STEP37_FIELDS(elements)
  Arguments arguments() const;
};

/// out[i] = x[chunk·rows + i], clamped to the last row. Arguments: x [total_rows,cols], chunk i32
/// [1], out [rows,cols].
struct TakeRows {
  static constexpr std::string_view family = "take_rows";
  int64_t total_rows = 0, rows = 0, cols = 0;
  DType type = DType::f32;
  STEP37_FIELDS(total_rows, rows, cols, type)
  Arguments arguments() const;
};

/// out = x, both column ranges of matrices. Arguments: x [rows,cols] (x_stride), out (out_stride).
struct CopyColumns {
  static constexpr std::string_view family = "copy_columns";
  int64_t rows = 0, cols = 0, x_stride = 0, out_stride = 0;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, x_stride, out_stride, type)
  Arguments arguments() const;
};

/// partial[b] = sum of squares of the b-th block of `block` elements, in f32 with a fixed tree.
/// Arguments: x [elements], partial f32 [ceil(elements/block)].
struct SumOfSquares {
  static constexpr std::string_view family = "sum_of_squares";
  static constexpr int64_t block = 65536;
  int64_t elements = 0;
  DType type = DType::f32;
  STEP37_FIELDS(elements, type)
  Arguments arguments() const;
};

/// norm = sqrt(sum of all partials, in order, in f64); clip = min(1, max_norm/(norm+1e-6)), or 1 if
/// max_norm ≤ 0, or 0 where norm is not finite. Arguments: partials 0..n-1 f32 [sizes[i]],
/// max_norm f32, norm f32 [1], clip f32 [1].
struct GlobalNorm {
  static constexpr std::string_view family = "global_norm";
  std::vector<int64_t> sizes;
  STEP37_FIELDS(sizes)
  Arguments arguments() const;
};

/// AdamW with decoupled weight decay: g = clip·grad; m = β1·m + (1−β1)·g; v = β2·v + (1−β2)·g²;
/// p = p·(1 − lr·wd) − lr·(m/c1)/(sqrt(v/c2)+eps), p the f32 master; with `copy` also param =
/// round(p) in `type` (without it the master is the parameter, and `type` is f32). wd counts only
/// with `decay`. hyper f32 [7]: learning rate, β1, β2, eps, weight decay, c1 = 1−β1^t, c2 = 1−β2^t.
/// With clip 0 nothing changes: gradients that are not finite leave no trace, though nobody waits
/// for their norm before the update. Arguments: grad, hyper, clip f32, master f32 (read and
/// written), m, v, [param with `copy`].
struct AdamW {
  static constexpr std::string_view family = "adamw";
  int64_t elements = 0;
  bool decay = true, copy = false;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(elements, decay, copy, type, grad_type)
  Arguments arguments() const;
};

using KernelSpec =
    std::variant<Gemm, Embedding, EmbeddingGrad, RmsNorm, RmsNormGrad, Add, AccumulateGradient,
                 RopeTable, QkNormRope, QkNormRopeGrad, Attention, AttentionGrad, Swiglu,
                 SwigluGrad, Route, RouteGrad, SortByExpert, Dispatch, Combine, CombineGrad,
                 GroupedGemm, GroupedGemmGrad, GroupedSwiglu, ShiftLabels, LogitsLoss, Fill,
                 ReduceSum, TakeRows, CopyColumns, SumOfSquares, GlobalNorm, AdamW, Collective,
                 CountedExchange, ReceivedRows, LocalizeIds, ExpertWindow, LossStats,
                 MergeLossStats, LogitsGrad, Patches, AddPositions, AddPositionsGrad, LayerNorm,
                 LayerNormGrad, BroadcastRow, ColumnSums, QuickGelu, QuickGeluGrad, AxialRopeTable,
                 RotatePairs, Unfold, Fold, MergeRows>;

/// The family's name, as in the plan file.
std::string_view family(const KernelSpec &spec);

/// The buffers that a kernel of this spec takes, in launch order.
Arguments arguments(const KernelSpec &spec);

/// The ranks that a kernel exchanges with, those that differ only along `axes`.
struct RankGroup {
  std::string_view exchange; // "all_reduce"
  const std::vector<std::string> *axes;
  int64_t ranks;
};

/// Nothing for a kernel that works on its rank alone.
std::optional<RankGroup> rankGroupOf(const KernelSpec &spec);

/// What a CountedExchange is called among the exchanges.
inline constexpr std::string_view countedExchange = "counted_all_to_all";

} // namespace step37::spec
