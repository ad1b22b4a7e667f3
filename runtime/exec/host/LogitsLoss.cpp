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

static void run(const spec::LogitsLoss &spec, HostContext &context,
                const Buffers<spec::LogitsLoss> &at) {
  auto *logits = at.logits.as<float>();
  auto *labels = at.labels.as<const int32_t>();
  auto *weights = at.weights.as<const float>();
  float scale = spec.gradient ? *at.scale.as<float>() : 0.0f;
  auto *tokenLoss = at.token_loss.as<float>();
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    T *dlogits = at.dlogits.as<T>();
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

HostTwin<spec::LogitsLoss> twinOf(const spec::LogitsLoss &spec) { return {run, spec.vocab}; }

} // namespace step37::host
