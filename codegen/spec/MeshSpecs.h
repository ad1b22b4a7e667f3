// Specs of what only sharded programs have: exchange between ranks, and kernels that know which
// part of a whole this rank holds. Conventions as in KernelSpec.h. `coordinate` is a device slot
// with the rank's index along the axes that something is split over; the executor fills it.
#pragma once

#include "codegen/spec/Argument.h"
#include "codegen/spec/Fields.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace step37::spec {

enum class Exchange : uint8_t { allGather, allReduce, reduceScatter, allToAll };

/// "all_gather", "all_reduce", "reduce_scatter" or "all_to_all".
std::string_view name(Exchange exchange);

/// The ranks that differ only along `axes` (in rank order) exchange `elements` elements:
/// all_gather: in [elements], out [ranks, elements]; all_reduce: in and out [elements] (may be the
/// same); reduce_scatter: in [ranks, elements], out [elements]; all_to_all: in, out [ranks,
/// elements], out[s] of rank r is in[r] of rank s. Sums are taken in f32 in rank order and rounded
/// once on the host; NCCL fixes its own order.
struct Collective {
  static constexpr std::string_view family = "collective";
  Exchange exchange = Exchange::allReduce;
  std::vector<std::string> axes;
  int64_t ranks = 1; // of a group: the product of the axes' sizes
  int64_t elements = 0;
  DType type = DType::f32;
  STEP37_FIELDS(exchange, axes, ranks, elements, type)
  bool holdsWholeBefore() const {
    return exchange == Exchange::reduceScatter || exchange == Exchange::allToAll;
  }
  bool holdsWholeAfter() const {
    return exchange == Exchange::allGather || exchange == Exchange::allToAll;
  }
  STEP37_ARGUMENTS(
      (read, in, type, shape(holdsWholeBefore() ? ranks : 1, elements)),
      (write, out, type, shape(holdsWholeAfter() ? ranks : 1, elements),
       inPlaceOf(exchange == Exchange::allReduce ? "in" : "")))
};

/// Rows grouped by expert go to the ranks of their experts, or come back. `bounds` are offsets of
/// all ranks of a group (in rank order): where a rank's own rows of each expert begin. Rank c has
/// the experts from c·n on, n = experts/ranks; its experts' rows are ordered by expert, then by the
/// rank that owns them, then as they are there. Of these the window [first, first+rows) moves: for
/// every pair of ranks a run of neighbours in the owner's rows (ExchangedRows.h). Received runs lie
/// one after another in the order of their owners; what is behind the last one is not touched.
struct CountedExchange {
  static constexpr std::string_view family = "collective_counted";
  bool back = false, keeps = false;
  std::vector<std::string> axes;
  int64_t ranks = 1; // of a group: the product of the axes' sizes
  int64_t experts = 0, own_rows = 0, rows = 0, first = 0, cols = 0;
  DType type = DType::f32;
  STEP37_FIELDS(back, keeps, axes, ranks, experts, own_rows, rows, first, cols, type)
  STEP37_ARGUMENTS(
      (read, bounds, DType::i32, shape(ranks) * (Count(experts) + 1)),
      (read, before, type, shape(own_rows, cols), when(keeps)),
      (access, own, back ? Access::write : Access::read, type, shape(own_rows, cols),
       partly(back), inPlaceOf(keeps ? "before" : "")),
      (access, received, back ? Access::read : Access::write, type, shape(rows, cols),
       partly(!back)))
};

/// Where the rows are that CountedExchange brings: offsets[e] is the first row of this rank's
/// expert e in the window; row r of it, in order, is source_row[r] of the received ones, and
/// received_row is the inverse; −1 behind the last. `slots`: rows that a rank owns.
struct ReceivedRows {
  static constexpr std::string_view family = "received_rows";
  int64_t ranks = 1, experts = 0, slots = 0, rows = 0, first = 0;
  STEP37_FIELDS(ranks, experts, slots, rows, first)
  STEP37_ARGUMENTS(
      (read, bounds, DType::i32, shape(ranks) * (Count(experts) + 1)),
      (read, coordinate, DType::i32, shape(1)),
      (write, offsets, DType::i32, shape(experts / ranks) + 1),
      (write, source_row, DType::i32, shape(rows)),
      (write, received_row, DType::i32, shape(rows)))
};

/// out[i] = ids[i] − size·coordinate where that is in [0, size), else −1: which row of this rank's
/// part of a table an id means.
struct LocalizeIds {
  static constexpr std::string_view family = "localize_ids";
  int64_t elements = 0, size = 0;
  STEP37_FIELDS(elements, size)
  STEP37_ARGUMENTS(
      (read, ids, DType::i32, shape(elements)),
      (read, coordinate, DType::i32, shape(1)),
      (write, out, DType::i32, shape(elements), inPlaceOf("ids")))
};

/// Rows [first, first+rows) of the rows that SortByExpert has grouped, as groups of their own:
/// window_offsets[e] = clamp(offsets[e] − first, 0, rows); window_slot_row[s] = slot_row[s] − first
/// where that is in [0, rows), else −1.
struct ExpertWindow {
  static constexpr std::string_view family = "expert_window";
  int64_t groups = 0, slots = 0, first = 0, rows = 0;
  STEP37_FIELDS(groups, slots, first, rows)
  STEP37_ARGUMENTS(
      (read, offsets, DType::i32, shape(groups) + 1),
      (read, slot_row, DType::i32, shape(slots)),
      (write, window_offsets, DType::i32, shape(groups) + 1),
      (write, window_slot_row, DType::i32, shape(slots)))
};

/// What a rank knows of a softmax whose columns are split: this rank's `vocab` columns are those
/// from coordinate·vocab on, of which the ones below `total_vocab` count. stats[i] = (largest logit
/// m, sum of exp(logit − m), logit of labels[i] or 0 where that is −1); (−inf, 0, 0) where no
/// column counts.
struct LossStats {
  static constexpr std::string_view family = "loss_stats";
  int64_t rows = 0, vocab = 0, total_vocab = 0;
  STEP37_FIELDS(rows, vocab, total_vocab)
  STEP37_ARGUMENTS(
      (read, logits, DType::f32, shape(rows, vocab)),
      (read, labels, DType::i32, shape(rows)),
      (read, coordinate, DType::i32, shape(1)),
      (write, stats, DType::f32, shape(rows, 3)))
};

/// The stats of all ranks put together, in rank order: lse[i] = log-sum-exp of row i over all
/// columns, token_loss[i] = weights[i]·(lse[i] − logit of the label).
struct MergeLossStats {
  static constexpr std::string_view family = "merge_loss_stats";
  int64_t ranks = 1, rows = 0;
  STEP37_FIELDS(ranks, rows)
  STEP37_ARGUMENTS(
      (read, stats, DType::f32, shape(ranks, rows, 3)),
      (read, weights, DType::f32, shape(rows)),
      (write, lse, DType::f32, shape(rows)),
      (write, token_loss, DType::f32, shape(rows)))
};

/// dlogits[i] = scale·weights[i]·(exp(logits[i] − lse[i]) − onehot(labels[i])), rounded to `type`;
/// 0 in columns that do not count (LossStats).
struct LogitsGrad {
  static constexpr std::string_view family = "logits_grad";
  int64_t rows = 0, vocab = 0, total_vocab = 0;
  DType type = DType::f32;
  STEP37_FIELDS(rows, vocab, total_vocab, type)
  STEP37_ARGUMENTS(
      (read, logits, DType::f32, shape(rows, vocab)),
      (read, labels, DType::i32, shape(rows)),
      (read, weights, DType::f32, shape(rows)),
      (read, lse, DType::f32, shape(rows)),
      (slot, scale),
      (read, coordinate, DType::i32, shape(1)),
      (write, dlogits, type, shape(rows, vocab), inPlaceOf(type == DType::f32 ? "logits" : "")))
};

} // namespace step37::spec
