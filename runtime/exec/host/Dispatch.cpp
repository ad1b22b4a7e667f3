// Host twins of Dispatch, Combine and CombineGrad: rows of tokens to rows sorted by expert, back as
// a (weighted) sum per token, and that sum's gradient.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"

#include <cstring>

namespace step37::host {

static void run(const spec::Dispatch &spec, HostContext &context,
                const Buffers<spec::Dispatch> &at) {
  const std::byte *x = at.x.data;
  auto *rowSlot = at.row_slot.as<const int32_t>();
  std::byte *out = at.out.data;
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
void combine(const spec::Combine &spec, HostContext &context, const Buffers<spec::Combine> &at) {
  auto *rows = at.routed.as<const T>();
  auto *slotRow = at.slot_row.as<const int32_t>();
  auto *weights = at.weights.as<const float>();
  T *out = at.out.as<T>();
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
void combineGrad(const spec::CombineGrad &spec, HostContext &context,
                 const Buffers<spec::CombineGrad> &at) {
  auto *dout = at.dout.as<const T>();
  auto *rows = at.routed.as<const T>();
  auto *weights = at.weights.as<const float>();
  auto *rowSlot = at.row_slot.as<const int32_t>();
  auto *slotRow = at.slot_row.as<const int32_t>();
  T *drows = at.drouted.as<T>();
  float *dweights = at.dweights.as<float>();
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

static void run(const spec::Combine &spec, HostContext &context, const Buffers<spec::Combine> &at) {
  withType(spec.type, [&](auto zero) { combine<decltype(zero)>(spec, context, at); });
}

static void run(const spec::CombineGrad &spec, HostContext &context,
                const Buffers<spec::CombineGrad> &at) {
  withType(spec.type, [&](auto zero) { combineGrad<decltype(zero)>(spec, context, at); });
}

HostTwin<spec::Dispatch> twinOf(const spec::Dispatch &) { return {run}; }
HostTwin<spec::Combine> twinOf(const spec::Combine &) { return {run}; }
HostTwin<spec::CombineGrad> twinOf(const spec::CombineGrad &spec) { return {run, 2 * spec.cols}; }

} // namespace step37::host
