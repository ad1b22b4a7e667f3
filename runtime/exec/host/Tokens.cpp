// Host twins of ShiftLabels, TakeRows, CopyColumns and RopeTable: what is indexed by token or
// position and has little arithmetic.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace step37::host {

static void run(const spec::ShiftLabels &spec, HostContext &context,
                const Buffers<spec::ShiftLabels> &at) {
  auto *ids = at.ids.as<const int32_t>();
  auto *mask = at.mask.as<const float>();
  auto *documentStart = at.document_start.as<const int32_t>();
  auto *labels = at.labels.as<int32_t>();
  auto *weights = at.weights.as<float>();
  for (int64_t t = 0; t < spec.tokens; ++t) {
    int64_t target = t + spec.by;
    bool counts = t % spec.seq_len + spec.by < spec.seq_len &&
                  (spec.by == 1 || documentStart[target] == documentStart[t]);
    labels[t] = counts ? ids[target] : 0;
    weights[t] = counts ? mask[target] : 0.0f;
  }
}

static void run(const spec::TakeRows &spec, HostContext &context,
                const Buffers<spec::TakeRows> &at) {
  std::byte *x = at.x.data, *out = at.out.data;
  int64_t begin = int64_t(*at.chunk.as<int32_t>()) * spec.rows;
  int64_t rowBytes = spec.cols * byteSize(spec.type);
  forEachBlock(context.pool, spec.rows, rowsPerItem(spec.cols),
               [&](int64_t, int64_t first, int64_t last, int) {
                 for (int64_t i = first; i < last; ++i) {
                   int64_t row = std::clamp<int64_t>(begin + i, 0, spec.total_rows - 1);
                   std::memcpy(out + i * rowBytes, x + row * rowBytes, size_t(rowBytes));
                 }
               });
}

static void run(const spec::CopyColumns &spec, HostContext &context,
                const Buffers<spec::CopyColumns> &at) {
  std::byte *x = at.x.data, *out = at.out.data;
  int64_t size = byteSize(spec.type);
  forEachBlock(context.pool, spec.rows, rowsPerItem(spec.cols),
               [&](int64_t, int64_t first, int64_t last, int) {
                 for (int64_t row = first; row < last; ++row)
                   std::memcpy(out + row * spec.out_stride * size, x + row * spec.x_stride * size,
                               size_t(spec.cols * size));
               });
}

static void run(const spec::RopeTable &spec, HostContext &context,
                const Buffers<spec::RopeTable> &at) {
  auto *table = at.table.as<float>();
  size_t count = spec.frequencies.size();
  forEachBlock(context.pool, spec.positions, rowsPerItem(int64_t(count) * 8),
               [&](int64_t, int64_t first, int64_t last, int) {
                 for (int64_t position = first; position < last; ++position) {
                   float *row = table + position * int64_t(2 * count);
                   for (size_t i = 0; i < count; ++i) {
                     double angle = float(position) * float(spec.frequencies[i]);
                     row[i] = float(std::cos(angle));
                     row[count + i] = float(std::sin(angle));
                   }
                 }
               });
}

HostTwin<spec::ShiftLabels> twinOf(const spec::ShiftLabels &) { return {run}; }
HostTwin<spec::TakeRows> twinOf(const spec::TakeRows &) { return {run}; }
HostTwin<spec::CopyColumns> twinOf(const spec::CopyColumns &) { return {run}; }
HostTwin<spec::RopeTable> twinOf(const spec::RopeTable &) { return {run}; }

} // namespace step37::host
