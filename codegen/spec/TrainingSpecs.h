// Specs of the kernels around the layers of a training step: targets and loss, rows and columns
// that are moved, sums, and the optimizer. The conventions are KernelSpec.h's.
#pragma once

#include "codegen/spec/Argument.h"
#include "codegen/spec/Fields.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace step37::spec {

/// Next-token targets: label[t] = ids[t+by], weight[t] = mask[t+by] if t+by is in the same row
/// (and, for by > 1, in the same document), else label 0 and weight 0.
struct ShiftLabels {
  static constexpr std::string_view family = "shift_labels";
  int64_t tokens = 0, seq_len = 0, by = 1;
  STEP37_FIELDS(tokens, seq_len, by)
  STEP37_ARGUMENTS(
      (read, ids, DType::i32, tokens),
      (read, mask, DType::f32, tokens),
      (read, document_start, DType::i32, tokens),
      (write, labels, DType::i32, tokens),
      (write, weights, DType::f32, tokens))
};

/// Cross-entropy of a block of rows from its logits, and with `gradient` the logits' gradient:
/// token_loss[i] = weights[i]·(logsumexp(logits[i]) − logits[i][labels[i]]), dlogits[i] =
/// scale·weights[i]·(softmax(logits[i]) − onehot(labels[i])), rounded to `type`.
struct LogitsLoss {
  static constexpr std::string_view family = "logits_loss";
  int64_t rows = 0, vocab = 0;
  bool gradient = false;
  DType type = DType::f32;
  STEP37_FIELDS(rows, vocab, gradient, type)
  STEP37_ARGUMENTS(
      (read, logits, DType::f32, shape(rows, vocab)),
      (read, labels, DType::i32, rows),
      (read, weights, DType::f32, rows),
      (slot, scale, when(gradient)),
      (write, token_loss, DType::f32, rows),
      (write, dlogits, type, shape(rows, vocab), inPlaceOf(type == DType::f32 ? "logits" : ""),
       when(gradient)))
};

/// Every element becomes `value`.
struct Fill {
  static constexpr std::string_view family = "fill";
  int64_t elements = 0;
  double value = 0;
  STEP37_FIELDS(elements, value)
  STEP37_ARGUMENTS(
      (write, out, DType::f32, elements))
};

/// total = sum of values in blocks of fixed size, in order.
struct ReduceSum {
  static constexpr std::string_view family = "reduce_sum";
  int64_t elements = 0;
  STEP37_FIELDS(elements)
  STEP37_ARGUMENTS(
      (read, values, DType::f32, elements),
      (write, total, DType::f32, 1))
};

/// out[i] = x[chunk·rows + i], clamped to the last row.
struct TakeRows {
  static constexpr std::string_view family = "take_rows";
  int64_t total_rows = 0, rows = 0, cols = 0;
  DType type = DType::f32;
  STEP37_FIELDS(total_rows, rows, cols, type)
  STEP37_ARGUMENTS(
      (read, x, type, shape(total_rows, cols)),
      (read, chunk, DType::i32, 1),
      (write, out, type, shape(rows, cols)))
};

/// out = x, both column ranges of matrices.
struct CopyColumns {
  static constexpr std::string_view family = "copy_columns";
  int64_t rows = 0, cols = 0, x_stride = 0, out_stride = 0;
  DType type = DType::f32;
  STEP37_FIELDS(rows, cols, x_stride, out_stride, type)
  STEP37_ARGUMENTS(
      (read, x, type, strided(rows, cols, x_stride)),
      (write, out, type, strided(rows, cols, out_stride)))
};

/// grad = beta·grad + value.
struct AccumulateGradient {
  static constexpr std::string_view family = "accumulate_gradient";
  int64_t elements = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(elements, type, grad_type)
  STEP37_ARGUMENTS(
      (read, value, type, elements),
      (slot, beta),
      (readWrite, grad, grad_type, elements))
};

/// partial[b] = sum of squares of the b-th block of `block` elements, in f32 with a fixed tree.
struct SumOfSquares {
  static constexpr std::string_view family = "sum_of_squares";
  static constexpr int64_t block = 65536;
  int64_t elements = 0;
  DType type = DType::f32;
  STEP37_FIELDS(elements, type)
  STEP37_ARGUMENTS(
      (read, x, type, elements),
      (write, partial, DType::f32, blockCount(elements, block)))
};

/// norm = sqrt(sum of all partials, in order, in f64); clip = min(1, max_norm/(norm+1e-6)), or 1 if
/// max_norm ≤ 0, or 0 where norm is not finite.
struct GlobalNorm {
  static constexpr std::string_view family = "global_norm";
  std::vector<int64_t> sizes;
  STEP37_FIELDS(sizes)
  STEP37_ARGUMENTS(
      (each, partials, DType::f32, sizes),
      (slot, max_norm),
      (write, norm, DType::f32, 1),
      (write, clip, DType::f32, 1))
};

/// AdamW with decoupled weight decay: g = clip·grad; m = β1·m + (1−β1)·g; v = β2·v + (1−β2)·g²; p =
/// p·(1 − learning_rate·weight_decay) − learning_rate·(m/correction1)/(sqrt(v/correction2)+eps), p
/// the f32 master; with `copy` also param = round(p) in `type` (without it the master is the
/// parameter, and `type` is f32). weight_decay counts only with `decay`. In step t correction1 is
/// 1−β1^t, correction2 1−β2^t. With clip 0 nothing changes: gradients that are not finite leave no
/// trace, though nobody waits for their norm before the update.
struct AdamW {
  static constexpr std::string_view family = "adamw";
  int64_t elements = 0;
  bool decay = true, copy = false;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(elements, decay, copy, type, grad_type)
  STEP37_ARGUMENTS(
      (read, grad, grad_type, elements),
      (slot, learning_rate),
      (slot, beta1),
      (slot, beta2),
      (slot, eps),
      (slot, weight_decay),
      (slot, correction1),
      (slot, correction2),
      (slot, clip),
      (readWrite, master, DType::f32, elements),
      (readWrite, m, DType::f32, elements),
      (readWrite, v, DType::f32, elements),
      (write, param, type, elements, when(copy)))
};

} // namespace step37::spec
