// Host twins of Add, Fill and AccumulateGradient, in short pieces that stay in the first cache.
#include "runtime/exec/host/Elements.h"
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"

#include <algorithm>

namespace step37::host {
namespace {

/// Calls body(begin, count) for pieces of at most columnChunk elements.
template <class Body> void forEachPiece(ThreadPool &pool, int64_t elements, Body &&body) {
  forEachBlock(pool, elements, rowsPerItem(1), [&](int64_t, int64_t first, int64_t last, int) {
    for (int64_t begin = first; begin < last; begin += columnChunk)
      body(begin, std::min(columnChunk, last - begin));
  });
}

} // namespace

void run(const spec::Add &spec, HostContext &context, HostArguments arguments) {
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    T *out = argument<T>(arguments, size_t(spec.addends));
    forEachPiece(context.pool, spec.elements, [&](int64_t begin, int64_t count) {
      float sum[columnChunk], addend[columnChunk];
      loadRow(argument<const T>(arguments, 0) + begin, count, sum);
      for (int64_t a = 1; a < spec.addends; ++a) {
        loadRow(argument<const T>(arguments, size_t(a)) + begin, count, addend);
        for (int64_t i = 0; i < count; ++i)
          sum[i] += addend[i];
      }
      storeRow(sum, count, out + begin);
    });
  });
}

void run(const spec::Fill &spec, HostContext &, HostArguments arguments) {
  std::fill_n(argument<float>(arguments, 0), spec.elements, float(spec.value));
}

void run(const spec::AccumulateGradient &spec, HostContext &context, HostArguments arguments) {
  float beta = *argument<float>(arguments, 1);
  withType(spec.type, [&](auto valueZero) {
    withType(spec.grad_type, [&](auto gradZero) {
      auto *value = argument<const decltype(valueZero)>(arguments, 0);
      auto *grad = argument<decltype(gradZero)>(arguments, 2);
      forEachPiece(context.pool, spec.elements, [&](int64_t begin, int64_t count) {
        float sum[columnChunk], old[columnChunk];
        loadRow(value + begin, count, sum);
        if (beta != 0.0f) {
          loadRow(grad + begin, count, old);
          for (int64_t i = 0; i < count; ++i)
            sum[i] += beta * old[i];
        }
        storeRow(sum, count, grad + begin);
      });
    });
  });
}

} // namespace step37::host
