// Host twin of RotatePairs (docs/model.md E.1, 2D RoPE).
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"

namespace step37::host {

static void run(const spec::RotatePairs &spec, HostContext &context,
                const Buffers<spec::RotatePairs> &at) {
  auto *table = at.table.as<const float>();
  int64_t pairs = spec.head_dim / 2;
  float sign = spec.inverse ? -1.0f : 1.0f;
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    auto *x = at.x.as<const T>();
    T *out = at.out.as<T>();
    forEachBlock(context.pool, spec.rows, rowsPerItem(spec.heads * spec.head_dim),
                 [&](int64_t, int64_t first, int64_t last, int) {
                   for (int64_t row = first; row < last; ++row) {
                     const float *cosines = table + row * spec.head_dim, *sines = cosines + pairs;
                     for (int64_t i = 0; i < spec.heads * pairs; ++i) {
                       const T *from = x + row * spec.x_stride + 2 * i;
                       T *to = out + row * spec.out_stride + 2 * i;
                       float a = load(from), b = load(from + 1);
                       float c = cosines[i % pairs], s = sign * sines[i % pairs];
                       store(to, a * c - b * s);
                       store(to + 1, b * c + a * s);
                     }
                   }
                 });
  });
}

HostTwin<spec::RotatePairs> twinOf(const spec::RotatePairs &) { return {run}; }

} // namespace step37::host
