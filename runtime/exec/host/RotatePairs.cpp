// Host twin of RotatePairs (spec/model.md E.1, 2D RoPE).
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"

namespace step37::host {

void run(const spec::RotatePairs &spec, HostContext &context, HostArguments arguments) {
  auto *table = argument<const float>(arguments, 1);
  int64_t pairs = spec.head_dim / 2;
  float sign = spec.inverse ? -1.0f : 1.0f;
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    auto *x = argument<const T>(arguments, 0);
    T *out = argument<T>(arguments, 2);
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

} // namespace step37::host
