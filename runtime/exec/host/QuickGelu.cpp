// Host twins of QuickGelu and QuickGeluGrad (docs/model.md E.1, 4).
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"

#include <array>

namespace step37::host {
namespace {

using Piece = std::array<float, columnChunk>;

/// Calls body(begin, count, x, s) with x the values and s = sigmoid(slope·x), a piece at a time.
template <class T, class Body>
void forEachPiece(ThreadPool &pool, const T *values, int64_t elements, Body &&body) {
  forEachBlock(pool, elements, rowsPerItem(1), [&](int64_t, int64_t first, int64_t last, int) {
    Piece x, s;
    for (int64_t begin = first; begin < last; begin += columnChunk) {
      int64_t count = std::min(columnChunk, last - begin);
      loadRow(values + begin, count, x.data());
      for (size_t i = 0; i < size_t(count); ++i)
        s[i] = float(spec::QuickGelu::slope) * x[i];
      sigmoidRow(s.data(), count);
      body(begin, count, x, s);
    }
  });
}

} // namespace

static void run(const spec::QuickGelu &spec, HostContext &context,
                const Buffers<spec::QuickGelu> &at) {
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    T *out = at.out.as<T>();
    forEachPiece(context.pool, at.x.as<const T>(), spec.elements,
                 [&](int64_t begin, int64_t count, Piece &x, const Piece &s) {
                   for (size_t i = 0; i < size_t(count); ++i)
                     x[i] *= s[i];
                   storeRow(x.data(), count, out + begin);
                 });
  });
}

static void run(const spec::QuickGeluGrad &spec, HostContext &context,
                const Buffers<spec::QuickGeluGrad> &at) {
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    auto *dout = at.dout.as<const T>();
    T *dx = at.dx.as<T>();
    forEachPiece(context.pool, at.x.as<const T>(), spec.elements,
                 [&](int64_t begin, int64_t count, const Piece &x, const Piece &s) {
                   Piece gradient;
                   loadRow(dout + begin, count, gradient.data());
                   for (size_t i = 0; i < size_t(count); ++i)
                     gradient[i] *=
                         s[i] * (1.0f + float(spec::QuickGelu::slope) * x[i] * (1.0f - s[i]));
                   storeRow(gradient.data(), count, dx + begin);
                 });
  });
}

HostTwin<spec::QuickGelu> twinOf(const spec::QuickGelu &) { return {run}; }
HostTwin<spec::QuickGeluGrad> twinOf(const spec::QuickGeluGrad &) { return {run}; }

} // namespace step37::host
