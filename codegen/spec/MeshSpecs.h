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
/// once on the host; NCCL fixes its own order. Arguments: in, out.
struct Collective {
  static constexpr std::string_view family = "collective";
  Exchange exchange = Exchange::allReduce;
  std::vector<std::string> axes;
  int64_t ranks = 1; // of a group: the product of the axes' sizes
  int64_t elements = 0;
  DType type = DType::f32;
  STEP37_FIELDS(exchange, axes, ranks, elements, type)
  Arguments arguments() const;
};

/// Rows grouped by expert go to the ranks of their experts, or come back. `bounds` are offsets of
/// all ranks of a group (in rank order): where a rank's own rows of each expert begin. Rank c has
/// the experts from c·n on, n = experts/ranks; its experts' rows are ordered by expert, then by the
/// rank that owns them, then as they are there. Of these the window [first, first+rows) moves: for
/// every pair of ranks a run of neighbours in the owner's rows (ExchangedRows.h). Received runs lie
/// one after another in the order of their owners; what is behind the last one is not touched.
/// Arguments: own [own_rows,cols], bounds i32 [ranks,experts+1], received [rows,cols].
/// back: received [rows,cols], bounds, own [own_rows,cols], of which only the runs are written;
/// with `keeps` before it `before` like own: what else own is to be.
struct CountedExchange {
  static constexpr std::string_view family = "collective_counted";
  bool back = false, keeps = false;
  std::vector<std::string> axes;
  int64_t ranks = 1; // of a group: the product of the axes' sizes
  int64_t experts = 0, own_rows = 0, rows = 0, first = 0, cols = 0;
  DType type = DType::f32;
  STEP37_FIELDS(back, keeps, axes, ranks, experts, own_rows, rows, first, cols, type)
  Arguments arguments() const;
};

/// Where the rows are that CountedExchange brings: offsets[e] is the first row of this rank's
/// expert e in the window; row r of it, in order, is source_row[r] of the received ones, and
/// received_row is the inverse; −1 behind the last. `slots`: rows that a rank owns. Arguments:
/// bounds i32 [ranks,experts+1], coordinate i32 [1], offsets i32 [experts/ranks+1], source_row i32
/// [rows], received_row i32 [rows].
struct ReceivedRows {
  static constexpr std::string_view family = "received_rows";
  int64_t ranks = 1, experts = 0, slots = 0, rows = 0, first = 0;
  STEP37_FIELDS(ranks, experts, slots, rows, first)
  Arguments arguments() const;
};

/// out[i] = ids[i] − size·coordinate where that is in [0, size), else −1: which row of this rank's
/// part of a table an id means. Arguments: ids i32 [elements], coordinate i32 [1], out i32
/// [elements].
struct LocalizeIds {
  static constexpr std::string_view family = "localize_ids";
  int64_t elements = 0, size = 0;
  STEP37_FIELDS(elements, size)
  Arguments arguments() const;
};

/// Rows [first, first+rows) of the rows that SortByExpert has grouped, as groups of their own:
/// window_offsets[e] = clamp(offsets[e] − first, 0, rows); window_slot_row[s] = slot_row[s] − first
/// where that is in [0, rows), else −1. Arguments: offsets i32 [groups+1], slot_row i32 [slots],
/// window_offsets i32 [groups+1], window_slot_row i32 [slots].
struct ExpertWindow {
  static constexpr std::string_view family = "expert_window";
  int64_t groups = 0, slots = 0, first = 0, rows = 0;
  STEP37_FIELDS(groups, slots, first, rows)
  Arguments arguments() const;
};

/// What a rank knows of a softmax whose columns are split: this rank's `vocab` columns are those
/// from coordinate·vocab on, of which the ones below `total_vocab` count. stats[i] = (largest logit
/// m, sum of exp(logit − m), logit of labels[i] or 0 where that is −1); (−inf, 0, 0) where no
/// column counts. Arguments: logits f32 [rows,vocab], labels i32 [rows] (local), coordinate i32
/// [1], stats f32 [rows,3].
struct LossStats {
  static constexpr std::string_view family = "loss_stats";
  int64_t rows = 0, vocab = 0, total_vocab = 0;
  STEP37_FIELDS(rows, vocab, total_vocab)
  Arguments arguments() const;
};

/// The stats of all ranks put together, in rank order: lse[i] = log-sum-exp of row i over all
/// columns, token_loss[i] = weights[i]·(lse[i] − logit of the label). Arguments: stats f32
/// [ranks,rows,3], weights f32 [rows], lse f32 [rows], token_loss f32 [rows].
struct MergeLossStats {
  static constexpr std::string_view family = "merge_loss_stats";
  int64_t ranks = 1, rows = 0;
  STEP37_FIELDS(ranks, rows)
  Arguments arguments() const;
};

/// dlogits[i] = scale·weights[i]·(exp(logits[i] − lse[i]) − onehot(labels[i])), rounded to `type`;
/// 0 in columns that do not count (LossStats). Arguments: logits f32 [rows,vocab], labels i32
/// [rows] (local, −1: in another rank's columns), weights f32 [rows], lse f32 [rows], scale f32
/// [1], coordinate i32 [1], dlogits [rows,vocab].
struct LogitsGrad {
  static constexpr std::string_view family = "logits_grad";
  int64_t rows = 0, vocab = 0, total_vocab = 0;
  DType type = DType::f32;
  STEP37_FIELDS(rows, vocab, total_vocab, type)
  Arguments arguments() const;
};

} // namespace step37::spec
