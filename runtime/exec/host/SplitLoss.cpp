// Host twins of LossStats, MergeLossStats and LogitsGrad: cross-entropy where each rank has some of
// the vocabulary's columns. With all columns on one rank it is LogitsLoss.cpp.
#include "runtime/exec/host/Elements.h"
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"

#include <algorithm>
#include <cmath>

namespace step37::host {
namespace {

/// Of a rank's columns those that are in the vocabulary: the first ones.
template <class Spec> int64_t countedColumns(const Spec &spec, int32_t coordinate) {
  return std::clamp<int64_t>(spec.total_vocab - coordinate * spec.vocab, 0, spec.vocab);
}

} // namespace

static void run(const spec::LossStats &spec, HostContext &context,
                const Buffers<spec::LossStats> &at) {
  auto *logits = at.logits.as<const float>();
  auto *labels = at.labels.as<const int32_t>();
  int64_t columns = countedColumns(spec, *at.coordinate.as<const int32_t>());
  auto *stats = at.stats.as<float>();
  forEachBlock(context.pool, spec.rows, rowsPerItem(spec.vocab),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 float *exponentials = context.workerScratch(worker);
                 for (int64_t i = first; i < last; ++i) {
                   const float *row = logits + i * spec.vocab;
                   std::copy_n(row, columns, exponentials);
                   float maximum = rowMax(row, columns);
                   stats[3 * i] = maximum;
                   stats[3 * i + 1] = expRow(exponentials, columns, 1.0f, maximum);
                   stats[3 * i + 2] = labels[i] < 0 ? 0.0f : row[labels[i]];
                 }
               });
}

static void run(const spec::MergeLossStats &spec, HostContext &,
                const Buffers<spec::MergeLossStats> &at) {
  auto *stats = at.stats.as<const float>();
  auto *weights = at.weights.as<const float>();
  auto *lse = at.lse.as<float>();
  auto *tokenLoss = at.token_loss.as<float>();
  auto of = [&](int64_t rank, int64_t row) { return stats + (rank * spec.rows + row) * 3; };
  for (int64_t i = 0; i < spec.rows; ++i) {
    float maximum = of(0, i)[0];
    for (int64_t r = 1; r < spec.ranks; ++r)
      maximum = std::max(maximum, of(r, i)[0]);
    float sum = 0, labelLogit = 0;
    for (int64_t r = 0; r < spec.ranks; ++r) {
      sum += of(r, i)[1] * std::exp(of(r, i)[0] - maximum);
      labelLogit += of(r, i)[2];
    }
    lse[i] = maximum + std::log(sum);
    tokenLoss[i] = weights[i] * (lse[i] - labelLogit);
  }
}

static void run(const spec::LogitsGrad &spec, HostContext &context,
                const Buffers<spec::LogitsGrad> &at) {
  auto *logits = at.logits.as<const float>();
  auto *labels = at.labels.as<const int32_t>();
  auto *weights = at.weights.as<const float>();
  auto *lse = at.lse.as<const float>();
  float scale = *at.scale.as<const float>();
  int64_t columns = countedColumns(spec, *at.coordinate.as<const int32_t>());
  withType(spec.type, [&](auto zero) {
    auto *dlogits = at.dlogits.as<decltype(zero)>();
    forEachBlock(context.pool, spec.rows, rowsPerItem(spec.vocab),
                 [&](int64_t, int64_t first, int64_t last, int worker) {
                   float *row = context.workerScratch(worker);
                   for (int64_t i = first; i < last; ++i) {
                     float weight = scale * weights[i];
                     std::copy_n(logits + i * spec.vocab, columns, row);
                     expRow(row, columns, 1.0f, lse[i]);
                     for (int64_t c = 0; c < columns; ++c)
                       row[c] *= weight;
                     if (labels[i] >= 0)
                       row[labels[i]] -= weight;
                     std::fill(row + columns, row + spec.vocab, 0.0f);
                     storeRow(row, spec.vocab, dlogits + i * spec.vocab);
                   }
                 });
  });
}

HostTwin<spec::LossStats> twinOf(const spec::LossStats &spec) { return {run, spec.vocab}; }
HostTwin<spec::MergeLossStats> twinOf(const spec::MergeLossStats &) { return {run}; }
HostTwin<spec::LogitsGrad> twinOf(const spec::LogitsGrad &spec) { return {run, spec.vocab}; }

} // namespace step37::host
