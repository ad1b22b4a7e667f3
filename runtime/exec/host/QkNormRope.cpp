// Host twins of QkNormRope and QkNormRopeGrad (docs/model.md B.2): per token and head an RMS norm
// and a rotation, and their transposes in reverse order.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/NormRow.h"
#include "runtime/exec/host/RowBlocks.h"

namespace step37::host {
namespace {

/// Rotates pairs (i, i+half) of x by the angles whose cosines, then sines, stand at `angles`;
/// direction −1 turns back.
void rotate(float *x, const float *angles, int64_t half, float direction) {
  for (int64_t i = 0; i < half; ++i) {
    float cosine = angles[i], sine = direction * angles[half + i];
    float a = x[i], b = x[i + half];
    x[i] = a * cosine - b * sine;
    x[i + half] = b * cosine + a * sine;
  }
}

/// The row of the RoPE table for a token.
template <class Spec>
const float *tableRow(const Spec &spec, const float *table, const int32_t *documentStart,
                      int64_t token) {
  return table + (token % spec.seq_len - documentStart[token]) * spec.rotary_dim;
}

template <class T>
void normRope(const spec::QkNormRope &spec, HostContext &context,
              const Buffers<spec::QkNormRope> &at) {
  auto *q = at.q.as<const T>();
  auto *k = at.k.as<const T>();
  auto *qWeight = at.q_weight.as<const T>();
  auto *kWeight = at.k_weight.as<const T>();
  auto *table = at.table.as<const float>();
  auto *documentStart = at.document_start.as<const int32_t>();
  T *qOut = at.q_out.as<T>();
  T *kOut = at.k_out.as<T>();
  float *inverseRms = at.inverse_rms.as<float>();
  int64_t dim = spec.head_dim, rows = spec.heads + spec.groups;

  forEachBlock(
      context.pool, spec.tokens, rowsPerItem(rows * dim),
      [&](int64_t, int64_t first, int64_t last, int worker) {
        float *x = context.workerScratch(worker), *scales = x + dim;
        if (spec.normalize) {
          loadNormScale(qWeight, spec.weight_offset, dim, scales);
          loadNormScale(kWeight, spec.weight_offset, dim, scales + dim);
        }
        for (int64_t t = first; t < last; ++t)
          for (int64_t h = 0; h < rows; ++h) {
            bool isQ = h < spec.heads;
            int64_t g = h - spec.heads;
            loadRow(isQ ? q + t * spec.q_stride + h * dim : k + t * spec.k_stride + g * dim, dim,
                    x);
            if (spec.normalize)
              inverseRms[t * rows + h] = normRow(x, isQ ? scales : scales + dim, dim, spec.eps);
            if (spec.rotary_dim)
              rotate(x, tableRow(spec, table, documentStart, t), spec.rotary_dim / 2, 1.0f);
            storeRow(x, dim,
                     isQ ? qOut + (t * spec.heads + h) * dim : kOut + (t * spec.groups + g) * dim);
          }
      });
}

template <class T, class G>
void normRopeGrad(const spec::QkNormRopeGrad &spec, HostContext &context,
                  const Buffers<spec::QkNormRopeGrad> &at) {
  auto *dqOut = at.dq_out.as<const T>();
  auto *dkOut = at.dk_out.as<const T>();
  auto *q = at.q.as<const T>();
  auto *k = at.k.as<const T>();
  auto *qWeight = at.q_weight.as<const T>();
  auto *kWeight = at.k_weight.as<const T>();
  auto *table = at.table.as<const float>();
  auto *documentStart = at.document_start.as<const int32_t>();
  auto *inverseRms = at.inverse_rms.as<const float>();
  bool sums = spec.sumsWeights();
  float beta = sums ? *at.beta.as<const float>() : 0.0f;
  T *dq = at.dq.as<T>();
  T *dk = at.dk.as<T>();
  G *dqWeight = at.dq_weight.as<G>();
  G *dkWeight = at.dk_weight.as<G>();
  float *workspace = at.workspace.as<float>();
  int64_t dim = spec.head_dim, rows = spec.heads + spec.groups;

  forEachBlock(
      context.pool, spec.tokens, spec.rowsPerBlock,
      [&](int64_t block, int64_t first, int64_t last, int worker) {
        float *u = context.workerScratch(worker), *x = u + dim, *scales = x + dim;
        float *partial = sums ? workspace + block * 2 * dim : nullptr;
        if (sums)
          std::fill_n(partial, 2 * dim, 0.0f);
        if (spec.normalize) {
          loadNormScale(qWeight, spec.weight_offset, dim, scales);
          loadNormScale(kWeight, spec.weight_offset, dim, scales + dim);
        }
        for (int64_t t = first; t < last; ++t)
          for (int64_t h = 0; h < rows; ++h) {
            bool isQ = h < spec.heads;
            int64_t g = h - spec.heads, side = isQ ? 0 : dim;
            loadRow(isQ ? dqOut + (t * spec.heads + h) * dim : dkOut + (t * spec.groups + g) * dim,
                    dim, u);
            if (spec.rotary_dim)
              rotate(u, tableRow(spec, table, documentStart, t), spec.rotary_dim / 2, -1.0f);
            if (spec.normalize) {
              loadRow(isQ ? q + t * spec.q_stride + h * dim : k + t * spec.k_stride + g * dim, dim,
                      x);
              normRowGrad(u, x, inverseRms[t * rows + h], scales + side, dim,
                          sums ? partial + side : nullptr);
            }
            storeRow(u, dim,
                     isQ ? dq + t * spec.dq_stride + h * dim : dk + t * spec.dk_stride + g * dim);
          }
      });

  if (!sums)
    return;
  int64_t blocks = (spec.tokens + spec.rowsPerBlock - 1) / spec.rowsPerBlock;
  addBlockSums(workspace, blocks, 2 * dim, dim, beta, dqWeight);
  addBlockSums(workspace + dim, blocks, 2 * dim, dim, beta, dkWeight);
}

} // namespace

static void run(const spec::QkNormRope &spec, HostContext &context,
                const Buffers<spec::QkNormRope> &at) {
  withType(spec.type, [&](auto zero) { normRope<decltype(zero)>(spec, context, at); });
}

static void run(const spec::QkNormRopeGrad &spec, HostContext &context,
                const Buffers<spec::QkNormRopeGrad> &at) {
  withType(spec.type, [&](auto zero) {
    withType(spec.grad_type, [&](auto gradZero) {
      normRopeGrad<decltype(zero), decltype(gradZero)>(spec, context, at);
    });
  });
}

HostTwin<spec::QkNormRope> twinOf(const spec::QkNormRope &spec) { return {run, 3 * spec.head_dim}; }
HostTwin<spec::QkNormRopeGrad> twinOf(const spec::QkNormRopeGrad &spec) {
  return {run, 4 * spec.head_dim};
}

} // namespace step37::host
