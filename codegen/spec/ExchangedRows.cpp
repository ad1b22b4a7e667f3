#include "codegen/spec/ExchangedRows.h"

#include <algorithm>

namespace step37::spec {
namespace {

/// All rows of a receiver's experts, in every window.
int64_t allRowsTo(const CountedExchange &spec, std::span<const int32_t> bounds, int64_t receiver) {
  const int64_t experts = spec.experts / spec.ranks;
  int64_t all = 0;
  for (int64_t owner = 0; owner < spec.ranks; ++owner) {
    const int32_t *first = &bounds[size_t(owner * (spec.experts + 1) + receiver * experts)];
    all += first[experts] - first[0];
  }
  return all;
}

} // namespace

int64_t rowsTo(const CountedExchange &spec, std::span<const int32_t> bounds, int64_t receiver) {
  return std::clamp<int64_t>(allRowsTo(spec, bounds, receiver) - spec.first, 0, spec.rows);
}

std::vector<RowRun> runsTo(const CountedExchange &spec, std::span<const int32_t> bounds,
                           int64_t receiver) {
  const int64_t experts = spec.experts / spec.ranks, begin = receiver * experts;
  const auto bound = [&](int64_t owner, int64_t expert) {
    return int64_t(bounds[size_t(owner * (spec.experts + 1) + begin + expert)]);
  };
  std::vector<RowRun> runs(static_cast<size_t>(spec.ranks));
  const int64_t all = allRowsTo(spec, bounds, receiver);
  if (all <= spec.first)
    return runs;

  // Rows of each owner before the window and in it.
  const int64_t end = spec.first + spec.rows;
  const bool everything = spec.first == 0 && all <= end;
  std::vector<int64_t> before(runs.size(), 0);
  int64_t row = 0; // in the order of the receiver
  for (int64_t expert = 0; expert < experts && !everything && row < end; ++expert)
    for (int64_t owner = 0; owner < spec.ranks; ++owner) {
      const int64_t next = row + bound(owner, expert + 1) - bound(owner, expert);
      const auto here = [&](int64_t value) { return std::clamp(value, row, next); };
      before[size_t(owner)] += here(spec.first) - row;
      runs[size_t(owner)].rows += here(end) - here(spec.first);
      row = next;
    }
  int64_t received = 0;
  for (int64_t owner = 0; owner < spec.ranks; ++owner) {
    RowRun &run = runs[size_t(owner)];
    if (everything)
      run.rows = bound(owner, experts) - bound(owner, 0);
    run.own = bound(owner, 0) + before[size_t(owner)];
    run.received = received;
    received += run.rows;
  }
  return runs;
}

} // namespace step37::spec
