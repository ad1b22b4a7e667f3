// Host twin of AdamW.
#include "runtime/exec/host/Elements.h"
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/InstructionSets.h"
#include "runtime/exec/host/RowBlocks.h"

#include <algorithm>
#include <cmath>

namespace step37::host {
namespace {

/// The spec's slots, and what is derived from them once.
struct Hyper {
  float clip, learningRate, beta1, beta2, eps, correction1, correction2;
  float keep; // 1 − learning rate · weight decay
};

STEP37_FOR_EACH_ISA void updateRow(const Hyper &hyper, const float *__restrict grad, int64_t count,
                                   float *__restrict master, float *__restrict m,
                                   float *__restrict v) {
  Hyper h = hyper;
  float fresh1 = 1.0f - h.beta1, fresh2 = 1.0f - h.beta2;
  for (int64_t i = 0; i < count; ++i) {
    float g = h.clip * grad[i];
    float first = h.beta1 * m[i] + fresh1 * g;
    float second = h.beta2 * v[i] + fresh2 * (g * g);
    float step = (first / h.correction1) / (std::sqrt(second / h.correction2) + h.eps);
    m[i] = first;
    v[i] = second;
    master[i] = master[i] * h.keep - h.learningRate * step;
  }
}

} // namespace

static void run(const spec::AdamW &spec, HostContext &context, const Buffers<spec::AdamW> &at) {
  float decay = spec.decay ? *at.weight_decay.as<float>() : 0.0f;
  Hyper hyper{.clip = *at.clip.as<float>(),
              .learningRate = *at.learning_rate.as<float>(),
              .beta1 = *at.beta1.as<float>(),
              .beta2 = *at.beta2.as<float>(),
              .eps = *at.eps.as<float>(),
              .correction1 = *at.correction1.as<float>(),
              .correction2 = *at.correction2.as<float>(),
              .keep = 1.0f - *at.learning_rate.as<float>() * decay};
  if (hyper.clip == 0.0f) // the norm is not finite
    return;
  auto *master = at.master.as<float>();
  auto *m = at.m.as<float>();
  auto *v = at.v.as<float>();
  withType(spec.grad_type, [&](auto zero) {
    auto *grad = at.grad.as<const decltype(zero)>();
    withType(spec.type, [&](auto paramZero) {
      auto *param = at.param.as<decltype(paramZero)>();
      forEachBlock(context.pool, spec.elements, rowsPerItem(1),
                   [&](int64_t, int64_t first, int64_t last, int) {
                     for (int64_t i = first; i < last; i += columnChunk) {
                       int64_t count = std::min(columnChunk, last - i);
                       float g[columnChunk];
                       loadRow(grad + i, count, g);
                       updateRow(hyper, g, count, master + i, m + i, v + i);
                       if (param)
                         storeRow(master + i, count, param + i);
                     }
                   });
    });
  });
}

HostTwin<spec::AdamW> twinOf(const spec::AdamW &) { return {run}; }

} // namespace step37::host
