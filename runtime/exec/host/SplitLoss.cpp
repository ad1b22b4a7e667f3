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

int64_t scratchFloats(const spec::LossStats &spec) { return spec.vocab; }
int64_t scratchFloats(const spec::LogitsGrad &spec) { return spec.vocab; }

void run(const spec::LossStats &spec, HostContext &context, HostArguments arguments) {
  auto *logits = argument<const float>(arguments, 0);
  auto *labels = argument<const int32_t>(arguments, 1);
  int64_t columns = countedColumns(spec, *argument<const int32_t>(arguments, 2));
  auto *stats = argument<float>(arguments, 3);
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

void run(const spec::MergeLossStats &spec, HostContext &, HostArguments arguments) {
  auto *stats = argument<const float>(arguments, 0);
  auto *weights = argument<const float>(arguments, 1);
  auto *lse = argument<float>(arguments, 2);
  auto *tokenLoss = argument<float>(arguments, 3);
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

void run(const spec::LogitsGrad &spec, HostContext &context, HostArguments arguments) {
  auto *logits = argument<const float>(arguments, 0);
  auto *labels = argument<const int32_t>(arguments, 1);
  auto *weights = argument<const float>(arguments, 2);
  auto *lse = argument<const float>(arguments, 3);
  float scale = *argument<const float>(arguments, 4);
  int64_t columns = countedColumns(spec, *argument<const int32_t>(arguments, 5));
  withType(spec.type, [&](auto zero) {
    auto *dlogits = argument<decltype(zero)>(arguments, 6);
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

} // namespace step37::host
