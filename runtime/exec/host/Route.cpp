// Host twins of Route, RouteGrad and SortByExpert (docs/model.md B.6): which experts a token goes
// to, with which weight, and the order of tokens by expert. Rows move in Dispatch.cpp.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"
#include "runtime/exec/host/StableSort.h"

#include <cmath>
#include <limits>

namespace step37::host {
namespace {

/// Softmax in place.
void softmaxRow(float *x, int64_t count) {
  float sum = expRow(x, count, 1.0f, rowMax(x, count));
  for (int64_t i = 0; i < count; ++i)
    x[i] /= sum;
}

/// The `topK` largest keys, largest first, the lower index first among equals. NaN counts as −inf,
/// so that the indices are distinct and in range whatever the keys. `best` is room for topK keys.
void selectTop(const float *keys, int64_t count, int64_t topK, int32_t *chosen, float *best) {
  for (int64_t e = 0, filled = 0; e < count; ++e) {
    float key = std::isnan(keys[e]) ? -std::numeric_limits<float>::infinity() : keys[e];
    if (filled == topK && !(key > best[topK - 1]))
      continue;
    int64_t at = filled < topK ? filled++ : topK - 1;
    for (; at > 0 && key > best[at - 1]; --at) {
      best[at] = best[at - 1];
      chosen[at] = chosen[at - 1];
    }
    best[at] = key;
    chosen[at] = static_cast<int32_t>(e);
  }
}

float sum(const float *x, int64_t count) {
  float total = 0;
  for (int64_t i = 0; i < count; ++i)
    total += x[i];
  return total;
}

/// What the chosen scores of a token are divided by.
float divisor(bool normalize, const float *scores, int64_t topK) {
  return normalize ? sum(scores, topK) + 1e-20f : 1.0f;
}

/// dp of the chosen scores p from the gradient dw of the weights.
void scoreGradients(const spec::RouteGrad &spec, const float *dw, const float *p, float *dp) {
  auto scale = static_cast<float>(spec.scale);
  float total = divisor(spec.normalize, p, spec.top_k), shared = 0;
  for (int64_t j = 0; spec.normalize && j < spec.top_k; ++j)
    shared += dw[j] * (p[j] / total);
  for (int64_t j = 0; j < spec.top_k; ++j)
    dp[j] = scale * (dw[j] - shared) / total;
}

/// dlogits of one token where p = softmax(logits): all experts get some.
void softmaxGradient(const spec::RouteGrad &spec, const float *logits, const int32_t *chosen,
                     const float *p, const float *dp, float *dlogits) {
  float mean = 0;
  for (int64_t j = 0; j < spec.top_k; ++j)
    mean += dp[j] * p[j];
  std::copy_n(logits, spec.experts, dlogits);
  softmaxRow(dlogits, spec.experts);
  for (int64_t e = 0; e < spec.experts; ++e)
    dlogits[e] *= -mean;
  for (int64_t j = 0; j < spec.top_k; ++j)
    dlogits[chosen[j]] += p[j] * dp[j];
}

/// dlogits of one token where p = sigmoid(logits). The slope p(1−p) is made of two sigmoids, since
/// 1−p would round away for large logits.
void sigmoidGradient(const spec::RouteGrad &spec, const float *logits, const int32_t *chosen,
                     const float *dp, float *dlogits) {
  std::fill_n(dlogits, spec.experts, 0.0f);
  for (int64_t j = 0; j < spec.top_k; ++j) {
    float logit = logits[chosen[j]];
    dlogits[chosen[j]] = dp[j] * sigmoid(logit) * sigmoid(-logit);
  }
}

} // namespace

// The probabilities of all experts, and the keys they are chosen by.
static void run(const spec::Route &spec, HostContext &context, const Buffers<spec::Route> &at) {
  auto *logits = at.logits.as<const float>();
  auto *bias = at.bias.as<const float>();
  auto *weights = at.weights.as<float>();
  auto *chosen = at.chosen.as<int32_t>();
  auto *scores = at.scores.as<float>();
  int64_t experts = spec.experts, topK = spec.top_k;
  auto scale = static_cast<float>(spec.scale);

  forEachBlock(context.pool, spec.tokens, rowsPerItem(experts),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 float *p = context.workerScratch(worker), *keys = p + experts;
                 for (int64_t t = first; t < last; ++t) {
                   float *w = weights + t * topK, *score = scores + t * topK;
                   int32_t *index = chosen + t * topK;
                   std::copy_n(logits + t * experts, experts, p);
                   if (spec.softmax)
                     softmaxRow(p, experts);
                   else
                     sigmoidRow(p, experts);
                   for (int64_t e = 0; e < experts; ++e)
                     keys[e] = bias ? p[e] + bias[e] : p[e];
                   selectTop(keys, experts, topK, index, w);
                   for (int64_t j = 0; j < topK; ++j)
                     score[j] = p[index[j]];
                   float total = divisor(spec.normalize, score, topK);
                   for (int64_t j = 0; j < topK; ++j)
                     w[j] = scale * (score[j] / total);
                 }
               });
}

static void run(const spec::RouteGrad &spec, HostContext &context,
                const Buffers<spec::RouteGrad> &at) {
  auto *dweights = at.dweights.as<const float>();
  auto *logits = at.logits.as<const float>();
  auto *chosen = at.chosen.as<const int32_t>();
  auto *scores = at.scores.as<const float>();
  auto *dlogits = at.dlogits.as<float>();
  forEachBlock(context.pool, spec.tokens, rowsPerItem(spec.experts),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 float *dp = context.workerScratch(worker);
                 for (int64_t t = first; t < last; ++t) {
                   int64_t slot = t * spec.top_k, row = t * spec.experts;
                   scoreGradients(spec, dweights + slot, scores + slot, dp);
                   if (spec.softmax)
                     softmaxGradient(spec, logits + row, chosen + slot, scores + slot, dp,
                                     dlogits + row);
                   else
                     sigmoidGradient(spec, logits + row, chosen + slot, dp, dlogits + row);
                 }
               });
}

static void run(const spec::SortByExpert &spec, HostContext &,
                const Buffers<spec::SortByExpert> &at) {
  auto *chosen = at.chosen.as<const int32_t>();
  auto *offsets = at.offsets.as<int32_t>();
  auto *rowSlot = at.row_slot.as<int32_t>();
  auto *slotRow = at.slot_row.as<int32_t>();
  int64_t slots = spec.tokens * spec.top_k;
  std::fill_n(rowSlot, spec.rows, -1);
  std::fill_n(slotRow, slots, -1);
  sortByKey(chosen, slots, spec.experts, offsets, [&](int32_t slot, int32_t row) {
    if (row < spec.rows) {
      rowSlot[row] = slot;
      slotRow[slot] = row;
    }
  });
  for (int64_t e = 0; e <= spec.experts; ++e)
    offsets[e] = static_cast<int32_t>(std::min<int64_t>(offsets[e], spec.rows));
}

HostTwin<spec::Route> twinOf(const spec::Route &spec) { return {run, 2 * spec.experts}; }
HostTwin<spec::RouteGrad> twinOf(const spec::RouteGrad &spec) { return {run, spec.top_k}; }
HostTwin<spec::SortByExpert> twinOf(const spec::SortByExpert &) { return {run}; }

} // namespace step37::host
