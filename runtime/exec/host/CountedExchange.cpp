// Host twins of CountedExchange and ReceivedRows. All ranks of a group live in this process, so
// that an exchange copies from one's memory to another's.
#include "codegen/spec/ExchangedRows.h"
#include "runtime/exec/host/HostKernels.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace step37::host {
namespace {

/// The bytes of `rows` rows.
int64_t bytesOf(const spec::CountedExchange &spec, int64_t rows) {
  return rows * spec.cols * byteSize(spec.type);
}

} // namespace

static void run(const spec::CountedExchange &spec, HostContext &context,
                const GroupBuffers<spec::CountedExchange> &at) {
  const std::span<const int32_t> bounds(at.front().bounds.as<const int32_t>(),
                                        size_t(spec.ranks * (spec.experts + 1)));
  if (spec.keeps)
    for (const Buffers<spec::CountedExchange> &rank : at)
      if (rank.own.data != rank.before.data)
        std::memcpy(rank.own.data, rank.before.data, size_t(bytesOf(spec, spec.own_rows)));
  context.pool.parallelFor(spec.ranks, [&](int64_t receiver) {
    const std::vector<spec::RowRun> runs = spec::runsTo(spec, bounds, receiver);
    for (int64_t owner = 0; owner < spec.ranks; ++owner) {
      const spec::RowRun &run = runs[size_t(owner)];
      std::byte *own = at[size_t(owner)].own.data + bytesOf(spec, run.own);
      std::byte *received = at[size_t(receiver)].received.data + bytesOf(spec, run.received);
      std::memcpy(spec.back ? own : received, spec.back ? received : own,
                  size_t(bytesOf(spec, run.rows)));
    }
  });
}

static void run(const spec::ReceivedRows &spec, HostContext &,
                const Buffers<spec::ReceivedRows> &at) {
  const auto *bounds = at.bounds.as<const int32_t>();
  const int64_t experts = spec.experts / spec.ranks,
                begin = *at.coordinate.as<const int32_t>() * experts;
  auto *offsets = at.offsets.as<int32_t>();
  auto *sourceRow = at.source_row.as<int32_t>(), *receivedRow = at.received_row.as<int32_t>();
  std::fill_n(sourceRow, spec.rows, -1);
  std::fill_n(receivedRow, spec.rows, -1);
  // Rows of an owner and expert: where they begin in the order of experts, seen from the window.
  const auto forEach = [&](int64_t expert, int64_t owner, int64_t &row, auto visit) {
    const int32_t *own = bounds + owner * (spec.experts + 1) + begin + expert;
    const int64_t next = row + own[1] - own[0];
    for (int64_t r = std::max<int64_t>(row, 0); r < std::min(next, spec.rows); ++r)
      visit(r);
    row = next;
  };
  // How many rows of each owner are received, then where its next one lies.
  std::vector<int64_t> source(size_t(spec.ranks), 0);
  int64_t row = -spec.first;
  for (int64_t expert = 0; expert < experts; ++expert) {
    offsets[expert] = int32_t(std::clamp<int64_t>(row, 0, spec.rows));
    for (int64_t owner = 0; owner < spec.ranks; ++owner)
      forEach(expert, owner, row, [&](int64_t) { ++source[size_t(owner)]; });
  }
  offsets[experts] = int32_t(std::clamp<int64_t>(row, 0, spec.rows));
  int64_t total = 0;
  for (int64_t &next : source)
    total += std::exchange(next, total);
  row = -spec.first;
  for (int64_t expert = 0; expert < experts; ++expert)
    for (int64_t owner = 0; owner < spec.ranks; ++owner)
      forEach(expert, owner, row, [&](int64_t r) {
        const int64_t from = source[size_t(owner)]++;
        sourceRow[r] = int32_t(from);
        receivedRow[from] = int32_t(r);
      });
}

HostTwin<spec::CountedExchange> twinOf(const spec::CountedExchange &) { return {run}; }
HostTwin<spec::ReceivedRows> twinOf(const spec::ReceivedRows &) { return {run}; }

} // namespace step37::host
