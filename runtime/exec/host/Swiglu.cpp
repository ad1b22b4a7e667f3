// Host twins of Swiglu and SwigluGrad (docs/model.md B.5), a chunk of columns at a time.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/InstructionSets.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"

#include <limits>

namespace step37::host {
namespace {

using spec::ClampPosition;

/// The clamp as two bounds: of the gate before SiLU and of SiLU's value; and of |up|. Infinite
/// where nothing is clamped.
struct Bounds {
  float gate, silu, up;

  template <class Spec> explicit Bounds(const Spec &spec) {
    constexpr float none = std::numeric_limits<float>::infinity();
    float limit = spec.limit > 0 ? static_cast<float>(spec.limit) : none;
    gate = spec.clamp == ClampPosition::beforeSilu ? limit : none;
    silu = spec.clamp == ClampPosition::afterSilu ? limit : none;
    up = limit;
  }
};

float atMost(float x, float limit) { return x > limit ? limit : x; }
float clamp(float x, float limit) { return x < -limit ? -limit : atMost(x, limit); }

/// Calls body(row, column, count, scratch) for every chunk of columns of every row.
template <class Spec, class Body>
void forEachChunk(const Spec &spec, HostContext &context, Body &&body) {
  forEachBlock(context.pool, spec.rows, rowsPerItem(spec.cols),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 for (int64_t row = first; row < last; ++row)
                   for (int64_t c = 0; c < spec.cols; c += columnChunk)
                     body(row, c, std::min(columnChunk, spec.cols - c),
                          context.workerScratch(worker));
               });
}

/// SwiGLU of a chunk, all in f32. `sigmoid` is that of the bounded gate.
STEP37_FOR_EACH_ISA void activateRow(const float *__restrict gate, const float *__restrict up,
                                     const float *__restrict sigmoid, int64_t count, Bounds bounds,
                                     float *__restrict out) {
  for (int64_t i = 0; i < count; ++i)
    out[i] =
        atMost(atMost(gate[i], bounds.gate) * sigmoid[i], bounds.silu) * clamp(up[i], bounds.up);
}

/// Its gradient.
STEP37_FOR_EACH_ISA void activateGradRow(const float *__restrict dout, const float *__restrict gate,
                                         const float *__restrict up,
                                         const float *__restrict sigmoid, int64_t count,
                                         Bounds bounds, float *__restrict dgate,
                                         float *__restrict dup) {
  for (int64_t i = 0; i < count; ++i) {
    float s = sigmoid[i], silu = atMost(gate[i], bounds.gate) * s;
    float slope = s * (1.0f + gate[i] * (1.0f - s));
    slope = gate[i] > bounds.gate ? 0.0f : slope;
    slope = silu > bounds.silu ? 0.0f : slope;
    float upSlope = up[i] > bounds.up ? 0.0f : atMost(silu, bounds.silu);
    upSlope = up[i] < -bounds.up ? 0.0f : upSlope;
    dgate[i] = dout[i] * clamp(up[i], bounds.up) * slope;
    dup[i] = dout[i] * upSlope;
  }
}

void boundedSigmoid(const float *gate, int64_t count, Bounds bounds, float *sigmoid) {
  for (int64_t i = 0; i < count; ++i)
    sigmoid[i] = atMost(gate[i], bounds.gate);
  sigmoidRow(sigmoid, count);
}

template <class T>
void activate(const spec::Swiglu &spec, HostContext &context, const Buffers<spec::Swiglu> &at) {
  auto *gate = at.gate.as<const T>();
  auto *up = at.up.as<const T>();
  T *out = at.out.as<T>();
  Bounds bounds(spec);
  forEachChunk(spec, context, [&](int64_t row, int64_t column, int64_t count, float *g) {
    float *u = g + columnChunk, *sigmoid = u + columnChunk, *y = sigmoid + columnChunk;
    loadRow(gate + row * spec.gate_stride + column, count, g);
    loadRow(up + row * spec.up_stride + column, count, u);
    boundedSigmoid(g, count, bounds, sigmoid);
    activateRow(g, u, sigmoid, count, bounds, y);
    storeRow(y, count, out + row * spec.cols + column);
  });
}

template <class T>
void activateGrad(const spec::SwigluGrad &spec, HostContext &context,
                  const Buffers<spec::SwigluGrad> &at) {
  auto *dout = at.dout.as<const T>();
  auto *gate = at.gate.as<const T>();
  auto *up = at.up.as<const T>();
  T *dgate = at.dgate.as<T>();
  T *dup = at.dup.as<T>();
  Bounds bounds(spec);
  forEachChunk(spec, context, [&](int64_t row, int64_t column, int64_t count, float *g) {
    float *u = g + columnChunk, *sigmoid = u + columnChunk, *dy = sigmoid + columnChunk;
    float *dg = dy + columnChunk, *du = dg + columnChunk;
    loadRow(gate + row * spec.gate_stride + column, count, g);
    loadRow(up + row * spec.up_stride + column, count, u);
    loadRow(dout + row * spec.cols + column, count, dy);
    boundedSigmoid(g, count, bounds, sigmoid);
    activateGradRow(dy, g, u, sigmoid, count, bounds, dg, du);
    storeRow(dg, count, dgate + row * spec.dgate_stride + column);
    storeRow(du, count, dup + row * spec.dup_stride + column);
  });
}

} // namespace

static void run(const spec::Swiglu &spec, HostContext &context, const Buffers<spec::Swiglu> &at) {
  withType(spec.type, [&](auto zero) { activate<decltype(zero)>(spec, context, at); });
}

static void run(const spec::SwigluGrad &spec, HostContext &context,
                const Buffers<spec::SwigluGrad> &at) {
  withType(spec.type, [&](auto zero) { activateGrad<decltype(zero)>(spec, context, at); });
}

HostTwin<spec::Swiglu> twinOf(const spec::Swiglu &) { return {run, 4 * columnChunk}; }
HostTwin<spec::SwigluGrad> twinOf(const spec::SwigluGrad &) { return {run, 6 * columnChunk}; }

} // namespace step37::host
