// Host twins of Dispatch, Combine and CombineGrad: rows of tokens to rows sorted by expert, back as
// a (weighted) sum per token, and that sum's gradient.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"

#include <cstring>

namespace step37::host {

void run(const spec::Dispatch &spec, HostContext &context, HostArguments arguments) {
  const std::byte *x = arguments[0];
  auto *rowSlot = argument<const int32_t>(arguments, 1);
  std::byte *out = arguments[2];
  int64_t rowBytes = spec.cols * byteSize(spec.type);
  forEachBlock(context.pool, spec.rows, rowsPerItem(spec.cols),
               [&](int64_t, int64_t first, int64_t last, int) {
                 for (int64_t r = first; r < last; ++r)
                   if (rowSlot[r] >= 0)
                     std::memcpy(out + r * rowBytes, x + rowSlot[r] / spec.top_k * rowBytes,
                                 rowBytes);
                   else
                     std::memset(out + r * rowBytes, 0, rowBytes);
               });
}

namespace {

template <class T>
void combine(const spec::Combine &spec, HostContext &context, HostArguments arguments) {
  auto *rows = argument<const T>(arguments, 0);
  auto *slotRow = argument<const int32_t>(arguments, 1);
  auto *weights = spec.weighted ? argument<const float>(arguments, 2) : nullptr;
  T *out = argument<T>(arguments, spec.weighted ? 3 : 2);
  forEachBlock(context.pool, spec.tokens, rowsPerItem(spec.cols * spec.top_k),
               [&](int64_t, int64_t first, int64_t last, int) {
                 for (int64_t t = first; t < last; ++t)
                   for (int64_t c = 0; c < spec.cols; c += columnChunk) {
                     int64_t count = std::min(columnChunk, spec.cols - c);
                     float sum[columnChunk] = {};
                     for (int64_t s = t * spec.top_k; s < (t + 1) * spec.top_k; ++s) {
                       if (slotRow[s] < 0)
                         continue;
                       const T *row = rows + slotRow[s] * spec.cols + c;
                       float weight = weights ? weights[s] : 1.0f;
                       for (int64_t i = 0; i < count; ++i)
                         sum[i] += weight * load(row + i);
                     }
                     storeRow(sum, count, out + t * spec.cols + c);
                   }
               });
}

template <class T>
void combineGrad(const spec::CombineGrad &spec, HostContext &context, HostArguments arguments) {
  auto *dout = argument<const T>(arguments, 0);
  auto *rows = argument<const T>(arguments, 1);
  auto *weights = argument<const float>(arguments, 2);
  auto *rowSlot = argument<const int32_t>(arguments, 3);
  auto *slotRow = argument<const int32_t>(arguments, 4);
  T *drows = argument<T>(arguments, 5);
  float *dweights = argument<float>(arguments, 6);
  for (int64_t slot = 0; slot < spec.tokens * spec.top_k; ++slot)
    if (slotRow[slot] < 0)
      dweights[slot] = 0;
  forEachBlock(context.pool, spec.rows, rowsPerItem(spec.cols),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 float *dy = context.workerScratch(worker), *row = dy + spec.cols;
                 for (int64_t r = first; r < last; ++r) {
                   int64_t slot = rowSlot[r];
                   if (slot < 0) {
                     std::memset(drows + r * spec.cols, 0, spec.cols * sizeof(T));
                     continue;
                   }
                   loadRow(dout + slot / spec.top_k * spec.cols, spec.cols, dy);
                   loadRow(rows + r * spec.cols, spec.cols, row);
                   dweights[slot] = dot(dy, row, spec.cols);
                   float weight = weights[slot];
                   for (int64_t c = 0; c < spec.cols; ++c)
                     dy[c] *= weight;
                   storeRow(dy, spec.cols, drows + r * spec.cols);
                 }
               });
}

} // namespace

int64_t scratchFloats(const spec::CombineGrad &spec) { return 2 * spec.cols; }

void run(const spec::Combine &spec, HostContext &context, HostArguments arguments) {
  withType(spec.type, [&](auto zero) { combine<decltype(zero)>(spec, context, arguments); });
}

void run(const spec::CombineGrad &spec, HostContext &context, HostArguments arguments) {
  withType(spec.type, [&](auto zero) { combineGrad<decltype(zero)>(spec, context, arguments); });
}

} // namespace step37::host
