// Host twin of LogitsLoss: a row at a time in scratch.
#include "runtime/exec/host/Elements.h"
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/InstructionSets.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"

#include <algorithm>
#include <cmath>

namespace step37::host {
namespace {

struct RowLoss {
  float lse, labelLogit;
  float maximum, sum; // of exp(logit − maximum)
};

/// Replaces the logits by exp(logit − maximum).
RowLoss exponentiate(float *logits, int64_t vocab, int32_t label) {
  RowLoss row;
  row.labelLogit = logits[label];
  row.maximum = rowMax(logits, vocab);
  row.sum = expRow(logits, vocab, 1.0f, row.maximum);
  row.lse = row.maximum + std::log(row.sum);
  return row;
}

STEP37_FOR_EACH_ISA void scaleRow(float *x, int64_t count, float factor) {
  for (int64_t i = 0; i < count; ++i)
    x[i] *= factor;
}

} // namespace

int64_t scratchFloats(const spec::LogitsLoss &spec) { return spec.vocab; }

void run(const spec::LogitsLoss &spec, HostContext &context, HostArguments arguments) {
  auto *logits = argument<float>(arguments, 0);
  auto *labels = argument<const int32_t>(arguments, 1);
  auto *weights = argument<const float>(arguments, 2);
  float scale = spec.gradient ? *argument<float>(arguments, 3) : 0.0f;
  auto *tokenLoss = argument<float>(arguments, spec.gradient ? 4 : 3);
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    T *dlogits = spec.gradient ? argument<T>(arguments, 5) : nullptr;
    forEachBlock(context.pool, spec.rows, rowsPerItem(spec.vocab),
                 [&](int64_t, int64_t begin, int64_t end, int worker) {
                   float *scratch = context.workerScratch(worker);
                   for (int64_t i = begin; i < end; ++i) {
                     std::copy_n(logits + i * spec.vocab, spec.vocab, scratch);
                     RowLoss row = exponentiate(scratch, spec.vocab, labels[i]);
                     tokenLoss[i] = weights[i] * (row.lse - row.labelLogit);
                     if (!spec.gradient)
                       continue;
                     scaleRow(scratch, spec.vocab, scale * weights[i] / row.sum);
                     scratch[labels[i]] -= scale * weights[i];
                     storeRow(scratch, spec.vocab, dlogits + i * spec.vocab);
                   }
                 });
  });
}

} // namespace step37::host
