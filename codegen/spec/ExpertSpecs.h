// Specs of the MLP's activation and of what is between a router and its experts; the conventions
// are KernelSpec.h's.
#pragma once

#include "codegen/spec/Argument.h"

#include <string_view>
#include <vector>

namespace step37::spec {

/// Where SwiGLU's clamp sits (register of disagreements, entry 3).
enum class ClampPosition : uint8_t { afterSilu, beforeSilu };

/// "after" or "before".
std::string_view name(ClampPosition position);

/// out = min(silu(gate), limit)·clamp(up, −limit, limit) (clamp after SiLU), or silu(min(gate,
/// limit))·clamp(up, ±limit) (before); limit 0 means no clamp. docs/model.md B.5.
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

/// Router: p = sigmoid(logits) (or softmax), choose the top_k of p + bias (ties: lowest index
/// first, order: descending), weight = scale·p/(sum of chosen p + 1e-20) if `normalize`, else
/// scale·p. docs/model.md B.6.
struct Route {
  static constexpr std::string_view family = "route";
  int64_t tokens = 0, experts = 0, top_k = 0;
  double scale = 1;
  bool normalize = true, has_bias = true, softmax = false;
  STEP37_FIELDS(tokens, experts, top_k, scale, normalize, has_bias, softmax)
  STEP37_ARGUMENTS(
      (read, logits, DType::f32, shape(tokens, experts)),
      (read, bias, DType::f32, shape(experts), when(has_bias)),
      (write, weights, DType::f32, shape(tokens, top_k)),
      (write, chosen, DType::i32, shape(tokens, top_k)),
      (write, scores, DType::f32, shape(tokens, top_k)))
};

/// Gradient of Route with respect to logits (zero where an expert was not chosen, for sigmoid).
struct RouteGrad {
  static constexpr std::string_view family = "route_grad";
  int64_t tokens = 0, experts = 0, top_k = 0;
  double scale = 1;
  bool normalize = true, softmax = false;
  STEP37_FIELDS(tokens, experts, top_k, scale, normalize, softmax)
  STEP37_ARGUMENTS(
      (read, dweights, DType::f32, shape(tokens, top_k)),
      (read, logits, DType::f32, shape(tokens, experts)),
      (read, chosen, DType::i32, shape(tokens, top_k)),
      (read, scores, DType::f32, shape(tokens, top_k)),
      (write, dlogits, DType::f32, shape(tokens, experts)))
};

/// Groups token slots by expert, stable in token order. slot s = t·top_k + j. A slot whose `chosen`
/// is outside [0, experts) (−1: another rank's) has no row, nor has one whose row would be number
/// `rows` or later: its slot_row is −1. offsets[e] is the first row of expert e, offsets[experts]
/// the number of rows in use, row_slot the slot of each row and slot_row the row of each slot. Rows
/// behind offsets[experts] have row_slot −1.
struct SortByExpert {
  static constexpr std::string_view family = "sort_by_expert";
  int64_t tokens = 0, experts = 0, top_k = 0, rows = tokens * top_k;
  STEP37_FIELDS(tokens, experts, top_k, rows)
  STEP37_ARGUMENTS(
      (read, chosen, DType::i32, shape(tokens, top_k)),
      (write, offsets, DType::i32, shape(experts) + 1),
      (write, row_slot, DType::i32, shape(rows)),
      (write, slot_row, DType::i32, shape(tokens, top_k)))
};

/// out[r] = x[row_slot[r] / top_k], or 0 where row_slot[r] is −1.
struct Dispatch {
  static constexpr std::string_view family = "dispatch";
  int64_t tokens = 0, top_k = 0, cols = 0;
  DType type = DType::f32;
  int64_t rows = tokens * top_k;
  STEP37_FIELDS(tokens, top_k, cols, type, rows)
  STEP37_ARGUMENTS(
      (read, x, type, shape(tokens, cols)),
      (read, row_slot, DType::i32, shape(rows)),
      (write, out, type, shape(rows, cols)))
};

/// out[t] = sum over j with slot_row[t·top_k+j] ≥ 0 of w[t,j]·rows[slot_row[t·top_k+j]], j in
/// order, f32, rounded once; w = 1 unless `weighted`.
struct Combine {
  static constexpr std::string_view family = "combine";
  int64_t tokens = 0, top_k = 0, cols = 0;
  bool weighted = true;
  DType type = DType::f32;
  int64_t rows = tokens * top_k;
  STEP37_FIELDS(tokens, top_k, cols, weighted, type, rows)
  STEP37_ARGUMENTS(
      (read, routed, type, shape(rows, cols)),
      (read, slot_row, DType::i32, shape(tokens, top_k)),
      (read, weights, DType::f32, shape(tokens, top_k), when(weighted)),
      (write, out, type, shape(tokens, cols)))
};

/// Gradient of the weighted Combine: drows[r] = w·dout[t], dweights[t,j] = <dout[t], rows[r]>; 0
/// for a row without a slot and a slot without a row (−1).
struct CombineGrad {
  static constexpr std::string_view family = "combine_grad";
  int64_t tokens = 0, top_k = 0, cols = 0;
  DType type = DType::f32;
  int64_t rows = tokens * top_k;
  STEP37_FIELDS(tokens, top_k, cols, type, rows)
  STEP37_ARGUMENTS(
      (read, dout, type, shape(tokens, cols)),
      (read, routed, type, shape(rows, cols)),
      (read, weights, DType::f32, shape(tokens, top_k)),
      (read, row_slot, DType::i32, shape(rows)),
      (read, slot_row, DType::i32, shape(tokens, top_k)),
      (write, drouted, type, shape(rows, cols)),
      (write, dweights, DType::f32, shape(tokens, top_k)))
};

/// Bytes of scratch in which a GPU kernel describes so many tensors to the copy engine: 128 each,
/// and 64 to align them (codegen/kernels/tensor_map.cuh).
constexpr int64_t tensorMapBytes(int64_t tensors) { return 128 * tensors + 64; }

/// For every group e and its rows r in [offsets[e], offsets[e+1]): out[r] = x[r]·w[e]ᵀ with w
/// [groups,n,k] (transpose_b) or x[r]·w[e] with w [groups,k,n]. offsets begin with 0 and may end
/// before `rows`; the rows behind them are written as 0 and x is not read there.
struct GroupedGemm {
  static constexpr std::string_view family = "grouped_gemm";
  int64_t groups = 0, rows = 0, n = 0, k = 0;
  bool transpose_b = true;
  DType type = DType::f32;
  STEP37_FIELDS(groups, rows, n, k, transpose_b, type)
  STEP37_ARGUMENTS(
      (read, x, type, shape(rows, k)),
      (read, w, type, shape(groups, n, k)),
      (read, offsets, DType::i32, shape(groups) + 1),
      (write, out, type, shape(rows, n)),
      (write, workspace, DType::u8, shape(tensorMapBytes(2))))
};

/// dw[e] = beta·dw[e] + sum over rows r of group e of a[r]ᵀ·b[r]: [groups, m, n] in grad_type. Rows
/// behind offsets[groups] are not read; a group without rows is not touched if beta is 1.
struct GroupedGemmGrad {
  static constexpr std::string_view family = "grouped_gemm_grad";
  int64_t groups = 0, rows = 0, m = 0, n = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(groups, rows, m, n, type, grad_type)
  STEP37_ARGUMENTS(
      (read, a, type, shape(rows, m)),
      (read, b, type, shape(rows, n)),
      (read, offsets, DType::i32, shape(groups) + 1),
      (slot, beta),
      (readWrite, dw, grad_type, shape(groups, m, n)),
      (write, workspace, DType::u8, shape(tensorMapBytes(2 * groups))))
};

/// GroupedGemm with packed projections, and Swiglu of what they give: for every group e and its
/// rows r, gate_up[r] = x[r]·w[e]ᵀ with w [groups,2·n,k], gates first, and out[r] is Swiglu of the
/// rounded halves; both are 0 for rows behind offsets[groups].
struct GroupedSwiglu {
  static constexpr std::string_view family = "grouped_swiglu";
  int64_t groups = 0, rows = 0, n = 0, k = 0;
  double limit = 0;
  ClampPosition clamp = ClampPosition::afterSilu;
  DType type = DType::f32;
  STEP37_FIELDS(groups, rows, n, k, limit, clamp, type)
  STEP37_ARGUMENTS(
      (read, x, type, shape(rows, k)),
      (read, w, type, shape(groups, 2, n, k)),
      (read, offsets, DType::i32, shape(groups) + 1),
      (write, gate_up, type, shape(rows, 2, n)),
      (write, out, type, shape(rows, n)),
      (write, workspace, DType::u8, shape(tensorMapBytes(2))))
};

} // namespace step37::spec
