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

static void run(const spec::Add &spec, HostContext &context, const Buffers<spec::Add> &at) {
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    T *out = at.out.as<T>();
    forEachPiece(context.pool, spec.elements, [&](int64_t begin, int64_t count) {
      float sum[columnChunk], addend[columnChunk];
      loadRow(at.addend[0].as<const T>() + begin, count, sum);
      for (int64_t a = 1; a < spec.addends; ++a) {
        loadRow(at.addend[size_t(a)].as<const T>() + begin, count, addend);
        for (int64_t i = 0; i < count; ++i)
          sum[i] += addend[i];
      }
      storeRow(sum, count, out + begin);
    });
  });
}

static void run(const spec::Fill &spec, HostContext &, const Buffers<spec::Fill> &at) {
  std::fill_n(at.out.as<float>(), spec.elements, float(spec.value));
}

static void run(const spec::AccumulateGradient &spec, HostContext &context,
                const Buffers<spec::AccumulateGradient> &at) {
  float beta = *at.beta.as<float>();
  withType(spec.type, [&](auto valueZero) {
    withType(spec.grad_type, [&](auto gradZero) {
      auto *value = at.value.as<const decltype(valueZero)>();
      auto *grad = at.grad.as<decltype(gradZero)>();
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

HostTwin<spec::Add> twinOf(const spec::Add &) { return {run}; }
HostTwin<spec::Fill> twinOf(const spec::Fill &) { return {run}; }
HostTwin<spec::AccumulateGradient> twinOf(const spec::AccumulateGradient &) { return {run}; }

} // namespace step37::host
