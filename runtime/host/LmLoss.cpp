// Host twins of LmLoss and LmLossGrad: chunk after chunk, the logits of a chunk in the workspace,
// where the gradient replaces them.
#include "runtime/host/Elements.h"
#include "runtime/host/HostKernels.h"
#include "runtime/host/InstructionSets.h"
#include "runtime/host/MatrixProduct.h"
#include "runtime/host/RowBlocks.h"
#include "runtime/host/RowMath.h"

#include <algorithm>
#include <cmath>

namespace step37::host {
namespace {

/// Logits of rows [first, first+rows) into the workspace.
template <class Spec>
void chunkLogits(const Spec &spec, HostContext &context, const std::byte *x, const std::byte *w,
                 int64_t first, int64_t rows, std::byte *workspace) {
  multiply({.m = rows,
            .n = spec.vocab,
            .k = spec.width,
            .a = {x + first * spec.width * byteSize(spec.type), spec.type, spec.width},
            .b = {w, spec.type, spec.width, true},
            .c = workspace,
            .cType = DType::f32,
            .cStride = spec.vocab},
           context);
}

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

int64_t scratchFloats(const spec::LmLoss &spec) {
  return productScratch(std::min(spec.chunk, spec.tokens), spec.vocab, spec.width);
}

int64_t scratchFloats(const spec::LmLossGrad &spec) {
  int64_t rows = std::min(spec.chunk, spec.tokens);
  return std::max({productScratch(rows, spec.vocab, spec.width),
                   productScratch(rows, spec.width, spec.vocab),
                   productScratch(spec.vocab, spec.width, rows)});
}

void run(const spec::LmLoss &spec, HostContext &context, HostArguments arguments) {
  auto *labels = argument<const int32_t>(arguments, 2);
  auto *weights = argument<const float>(arguments, 3);
  auto *tokenLoss = argument<float>(arguments, 4);
  auto *lse = argument<float>(arguments, 5);
  auto *logits = argument<float>(arguments, 6);
  for (int64_t first = 0; first < spec.tokens; first += spec.chunk) {
    int64_t rows = std::min(spec.chunk, spec.tokens - first);
    chunkLogits(spec, context, arguments[0], arguments[1], first, rows, arguments[6]);
    forEachBlock(context.pool, rows, rowsPerItem(spec.vocab),
                 [&](int64_t, int64_t begin, int64_t end, int) {
                   for (int64_t i = begin; i < end; ++i) {
                     int64_t t = first + i;
                     RowLoss row = exponentiate(logits + i * spec.vocab, spec.vocab, labels[t]);
                     lse[t] = row.lse;
                     tokenLoss[t] = weights[t] * (row.lse - row.labelLogit);
                   }
                 });
  }
}

void run(const spec::LmLossGrad &spec, HostContext &context, HostArguments arguments) {
  auto *labels = argument<const int32_t>(arguments, 2);
  auto *weights = argument<const float>(arguments, 3);
  float scale = *argument<float>(arguments, 4), beta = *argument<float>(arguments, 5);
  auto *tokenLoss = argument<float>(arguments, 6);
  auto *logits = argument<float>(arguments, 9);
  int64_t rowBytes = spec.width * byteSize(spec.type);
  for (int64_t first = 0; first < spec.tokens; first += spec.chunk) {
    int64_t rows = std::min(spec.chunk, spec.tokens - first);
    chunkLogits(spec, context, arguments[0], arguments[1], first, rows, arguments[9]);
    forEachBlock(context.pool, rows, rowsPerItem(spec.vocab),
                 [&](int64_t, int64_t begin, int64_t end, int) {
                   for (int64_t i = begin; i < end; ++i) {
                     int64_t t = first + i;
                     float *gradient = logits + i * spec.vocab;
                     RowLoss row = exponentiate(gradient, spec.vocab, labels[t]);
                     tokenLoss[t] = weights[t] * (row.lse - row.labelLogit);
                     scaleRow(gradient, spec.vocab, scale * weights[t] / row.sum);
                     gradient[labels[t]] -= scale * weights[t];
                   }
                 });
    Factor gradients{arguments[9], DType::f32, spec.vocab};
    multiply({.m = rows,
              .n = spec.width,
              .k = spec.vocab,
              .a = gradients,
              .b = {arguments[1], spec.type, spec.width},
              .c = arguments[7] + first * rowBytes,
              .cType = spec.type,
              .cStride = spec.width},
             context);
    gradients.transposed = true;
    multiply({.m = spec.vocab,
              .n = spec.width,
              .k = rows,
              .a = gradients,
              .b = {arguments[0] + first * rowBytes, spec.type, spec.width},
              .c = arguments[8],
              .cType = spec.grad_type,
              .cStride = spec.width,
              .beta = first == 0 ? beta : 1.0f},
             context);
  }
}

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

int64_t scratchFloats(const spec::LogitsLoss &spec) { return spec.vocab; }

} // namespace step37::host
