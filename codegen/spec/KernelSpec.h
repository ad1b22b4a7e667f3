// Typed kernel specs: what a kernel computes, on which shapes and element types. One struct a
// kernel family; the plan stores its fields by name and is otherwise ignorant of them. The compiler
// selects specs, host twins and CUDA templates implement them, the loader checks buffers against
// their arguments. Free of LLVM and CUDA. What is not here: how a kernel computes (codegen/kernels,
// runtime/exec/host) and which buffers it gets (the plan).
//
// Conventions. Matrices are row-major; `*_stride` is the distance of rows in elements and exists
// where an operand may be a column range of a wider matrix. A token is a row; rows of a batch are
// `seq_len` tokens each, one after another. f32 scalars live in device slots, so that one captured
// program serves every step. "sum" over rows always means a fixed order.
#pragma once

#include "codegen/spec/AttentionSpecs.h"
#include "codegen/spec/ExpertSpecs.h"
#include "codegen/spec/MeshSpecs.h"
#include "codegen/spec/VisionSpec.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace step37::spec {

// Every struct below has:
//   static constexpr std::string_view family;   name in the plan file
//   STEP37_FIELDS                               its parameters (Fields.h)
//   STEP37_ARGUMENTS                            its buffers, by name (Argument.h)

/// c[m,n] = op(a)·op(b) + beta·c, accumulated in f32, rounded once. op(a) is [m,k]; a is stored
/// [m,k], or [k,m] with transpose_a; b [k,n], or [n,k] with transpose_b. With `accumulate` there is
/// beta (0: c is not read). `workspace_bytes`: scratch for a library or a variant.
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
      (write, workspace, DType::u8, shape(workspace_bytes), when(workspace_bytes > 0)))
};

/// out[t] = table[ids[t]], or 0 where the id is outside [0, vocab): another rank's.
struct Embedding {
  static constexpr std::string_view family = "embedding";
  int64_t tokens = 0, vocab = 0, width = 0;
  DType type = DType::f32;
  STEP37_FIELDS(tokens, vocab, width, type)
  STEP37_ARGUMENTS(
      (read, ids, DType::i32, shape(tokens)),
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
      (read, ids, DType::i32, shape(tokens)),
      (read, dy, type, shape(tokens, width)),
      (slot, beta),
      (readWrite, dtable, grad_type, shape(vocab, width)),
      (write, workspace, DType::i32, shape(2, tokens) + vocab + 1))
};

/// x = sum of `addends` inputs in order (f32, rounded to `type`); y = x·r·(weight + weight_offset)
/// with r = 1/sqrt(mean(x²)+eps) from the rounded x, in f32, rounded once. With addends > 1 the sum
/// is an output too. docs/model.md B.1.
struct RmsNorm {
  static constexpr std::string_view family = "rms_norm";
  int64_t rows = 0, cols = 0, addends = 1;
  double eps = 1e-5;
  DType type = DType::f32;
  double weight_offset = 1;
  STEP37_FIELDS(rows, cols, addends, eps, type, weight_offset)
  STEP37_ARGUMENTS(
      (each, addend, type, shape(rows, cols), addends),
      (read, weight, type, shape(cols)),
      (write, sum, type, shape(rows, cols), inPlaceOf("addend"), when(addends > 1)),
      (write, y, type, shape(rows, cols)),
      (write, inverse_rms, DType::f32, shape(rows)))
};

/// Gradient of RmsNorm. With u = dy·(w + weight_offset): dx = r·u − x·r³·mean(u·x) + sum of
/// `residuals` further gradients of x, rounded once; dweight = beta·dweight + sum over rows of
/// dy·x·r, unless the weight is `frozen`.
struct RmsNormGrad {
  static constexpr std::string_view family = "rms_norm_grad";
  static constexpr int64_t rowsPerBlock = 64;
  int64_t rows = 0, cols = 0, residuals = 0;
  double eps = 1e-5;
  DType type = DType::f32, grad_type = DType::f32;
  bool frozen = false;
  double weight_offset = 1;
  STEP37_FIELDS(rows, cols, residuals, eps, type, grad_type, frozen, weight_offset)
  STEP37_ARGUMENTS(
      (read, dy, type, shape(rows, cols)),
      (read, x, type, shape(rows, cols)),
      (read, weight, type, shape(cols)),
      (read, inverse_rms, DType::f32, shape(rows)),
      (each, residual, type, shape(rows, cols), residuals),
      (slot, beta, when(!frozen)),
      (write, dx, type, shape(rows, cols), inPlaceOf(residuals > 0 ? "residual" : "dy")),
      (readWrite, dweight, grad_type, shape(cols), when(!frozen)),
      (write, workspace, DType::f32, shape(blockCount(rows, rowsPerBlock), cols), when(!frozen)))
};

/// out = sum of `addends` inputs in order, f32, rounded once.
struct Add {
  static constexpr std::string_view family = "add";
  int64_t elements = 0, addends = 2;
  DType type = DType::f32;
  STEP37_FIELDS(elements, addends, type)
  STEP37_ARGUMENTS(
      (each, addend, type, shape(elements), addends),
      (write, out, type, shape(elements), inPlaceOf("addend")))
};

/// grad = beta·grad + value.
struct AccumulateGradient {
  static constexpr std::string_view family = "accumulate_gradient";
  int64_t elements = 0;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(elements, type, grad_type)
  STEP37_ARGUMENTS(
      (read, value, type, shape(elements)),
      (slot, beta),
      (readWrite, grad, grad_type, shape(elements)))
};

/// Next-token targets: label[t] = ids[t+by], weight[t] = mask[t+by] if t+by is in the same row
/// (and, for by > 1, in the same document), else label 0 and weight 0.
struct ShiftLabels {
  static constexpr std::string_view family = "shift_labels";
  int64_t tokens = 0, seq_len = 0, by = 1;
  STEP37_FIELDS(tokens, seq_len, by)
  STEP37_ARGUMENTS(
      (read, ids, DType::i32, shape(tokens)),
      (read, mask, DType::f32, shape(tokens)),
      (read, document_start, DType::i32, shape(tokens)),
      (write, labels, DType::i32, shape(tokens)),
      (write, weights, DType::f32, shape(tokens)))
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
      (read, labels, DType::i32, shape(rows)),
      (read, weights, DType::f32, shape(rows)),
      (slot, scale, when(gradient)),
      (write, token_loss, DType::f32, shape(rows)),
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
      (write, out, DType::f32, shape(elements)))
};

/// total = sum of values in blocks of fixed size, in order.
struct ReduceSum {
  static constexpr std::string_view family = "reduce_sum";
  int64_t elements = 0;
  STEP37_FIELDS(elements)
  STEP37_ARGUMENTS(
      (read, values, DType::f32, shape(elements)),
      (write, total, DType::f32, shape(1)))
};

/// out[i] = x[chunk·rows + i], clamped to the last row.
struct TakeRows {
  static constexpr std::string_view family = "take_rows";
  int64_t total_rows = 0, rows = 0, cols = 0;
  DType type = DType::f32;
  STEP37_FIELDS(total_rows, rows, cols, type)
  STEP37_ARGUMENTS(
      (read, x, type, shape(total_rows, cols)),
      (read, chunk, DType::i32, shape(1)),
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

/// partial[b] = sum of squares of the b-th block of `block` elements, in f32 with a fixed tree.
struct SumOfSquares {
  static constexpr std::string_view family = "sum_of_squares";
  static constexpr int64_t block = 65536;
  int64_t elements = 0;
  DType type = DType::f32;
  STEP37_FIELDS(elements, type)
  STEP37_ARGUMENTS(
      (read, x, type, shape(elements)),
      (write, partial, DType::f32, shape(blockCount(elements, block))))
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
      (write, norm, DType::f32, shape(1)),
      (write, clip, DType::f32, shape(1)))
};

/// AdamW with decoupled weight decay: g = clip·grad; m = β1·m + (1−β1)·g; v = β2·v + (1−β2)·g²; p =
/// p·(1 − lr·wd) − lr·(m/c1)/(sqrt(v/c2)+eps), p the f32 master; with `copy` also param = round(p)
/// in `type` (without it the master is the parameter, and `type` is f32). wd counts only with
/// `decay`. correction1 is c1 = 1−β1^t, correction2 c2 = 1−β2^t. With
/// clip 0 nothing changes: gradients that are not finite leave no trace, though nobody waits for
/// their norm before the update.
struct AdamW {
  static constexpr std::string_view family = "adamw";
  int64_t elements = 0;
  bool decay = true, copy = false;
  DType type = DType::f32, grad_type = DType::f32;
  STEP37_FIELDS(elements, decay, copy, type, grad_type)
  STEP37_ARGUMENTS(
      (read, grad, grad_type, shape(elements)),
      (slot, learning_rate),
      (slot, beta1),
      (slot, beta2),
      (slot, eps),
      (slot, weight_decay),
      (slot, correction1),
      (slot, correction2),
      (slot, clip),
      (readWrite, master, DType::f32, shape(elements)),
      (readWrite, m, DType::f32, shape(elements)),
      (readWrite, v, DType::f32, shape(elements)),
      (write, param, type, shape(elements), when(copy)))
};

/// All families: X(Family) for each, in this order. What has one of something a family is made from
/// this list: the variant below, host twins, GPU variants.
#define STEP37_FAMILIES(X)                                                                         \
  STEP37_FOR_EACH(X, Gemm, Embedding, EmbeddingGrad, RmsNorm, RmsNormGrad, Add,                    \
                  AccumulateGradient, RopeTable, QkNormRope, QkNormRopeGrad, Attention,            \
                  AttentionGrad, Swiglu, SwigluGrad, Route, RouteGrad, SortByExpert, Dispatch,     \
                  Combine, CombineGrad, GroupedGemm, GroupedGemmGrad, GroupedSwiglu, ShiftLabels,  \
                  LogitsLoss, Fill, ReduceSum, TakeRows, CopyColumns, SumOfSquares, GlobalNorm,    \
                  AdamW, Collective, CountedExchange, ReceivedRows, LocalizeIds, ExpertWindow,     \
                  LossStats, MergeLossStats, LogitsGrad, Patches, AddPositions, AddPositionsGrad,  \
                  LayerNorm, LayerNormGrad, BroadcastRow, ColumnSums, QuickGelu, QuickGeluGrad,    \
                  AxialRopeTable, RotatePairs, Unfold, Fold, MergeRows)

namespace detail {
/// The families behind a first element that stands for none.
template <class None, class... Specs> using SpecVariant = std::variant<Specs...>;
#define STEP37_LISTED(Family) , Family
using AllSpecs = SpecVariant<void STEP37_FAMILIES(STEP37_LISTED)>;
#undef STEP37_LISTED
} // namespace detail

using KernelSpec = detail::AllSpecs;

/// Whether ranks exchange data in a kernel of this family.
template <class Spec>
inline constexpr bool exchanges =
    std::is_same_v<Spec, Collective> || std::is_same_v<Spec, CountedExchange>;

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
