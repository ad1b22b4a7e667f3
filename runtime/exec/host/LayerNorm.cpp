// Host twins of LayerNorm and LayerNormGrad (docs/model.md E.1). Rows are taken to f32 scratch
// once.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"

#include <cmath>

namespace step37::host {

namespace {

/// The mean, in double so that a row far from zero keeps its digits.
float meanOf(const float *x, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += x[i];
  return float(sum / double(count));
}

template <class T>
void normalize(const spec::LayerNorm &spec, HostContext &context,
               const Buffers<spec::LayerNorm> &at) {
  auto *x = at.x.as<const T>();
  T *y = at.y.as<T>();
  auto *means = at.mean.as<float>(), *inverses = at.inverse_deviation.as<float>();
  int64_t cols = spec.cols;
  forEachBlock(context.pool, spec.rows, rowsPerItem(cols),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 float *row = context.workerScratch(worker), *weight = row + cols,
                       *bias = weight + cols;
                 loadRow(at.weight.as<const T>(), cols, weight);
                 loadRow(at.bias.as<const T>(), cols, bias);
                 for (int64_t r = first; r < last; ++r) {
                   loadRow(x + r * cols, cols, row);
                   float mean = meanOf(row, cols);
                   for (int64_t c = 0; c < cols; ++c)
                     row[c] -= mean;
                   float variance = dot(row, row, cols) / float(cols);
                   float inverse = 1.0f / std::sqrt(variance + float(spec.eps));
                   for (int64_t c = 0; c < cols; ++c)
                     row[c] = row[c] * inverse * weight[c] + bias[c];
                   storeRow(row, cols, y + r * cols);
                   means[r] = mean;
                   inverses[r] = inverse;
                 }
               });
}

template <class T, class G>
void normalizeGrad(const spec::LayerNormGrad &spec, HostContext &context,
                   const Buffers<spec::LayerNormGrad> &at) {
  auto *dy = at.dy.as<const T>(), *x = at.x.as<const T>();
  auto *means = at.mean.as<const float>(), *inverses = at.inverse_deviation.as<const float>();
  float beta = *at.beta.as<const float>();
  T *dx = at.dx.as<T>();
  auto *workspace = at.workspace.as<float>();
  int64_t cols = spec.cols;
  forEachBlock(context.pool, spec.rows, spec.rowsPerBlock,
               [&](int64_t block, int64_t first, int64_t last, int worker) {
                 float *u = context.workerScratch(worker), *n = u + cols, *weight = n + cols;
                 loadRow(at.weight.as<const T>(), cols, weight);
                 float *weightSums = workspace + block * 2 * cols, *biasSums = weightSums + cols;
                 std::fill_n(weightSums, 2 * cols, 0.0f);
                 for (int64_t r = first; r < last; ++r) {
                   loadRow(dy + r * cols, cols, u);
                   loadRow(x + r * cols, cols, n);
                   for (int64_t c = 0; c < cols; ++c) {
                     n[c] = (n[c] - means[r]) * inverses[r];
                     weightSums[c] += u[c] * n[c];
                     biasSums[c] += u[c];
                     u[c] *= weight[c];
                   }
                   float mean = meanOf(u, cols), pull = dot(u, n, cols) / float(cols);
                   for (int64_t c = 0; c < cols; ++c)
                     u[c] = inverses[r] * (u[c] - mean - n[c] * pull);
                   storeRow(u, cols, dx + r * cols);
                 }
               });
  int64_t blocks = (spec.rows + spec.rowsPerBlock - 1) / spec.rowsPerBlock;
  for (int64_t which : {0, 1}) {
    G *out = (which == 0 ? at.dweight : at.dbias).as<G>();
    forEachBlock(context.pool, cols, columnChunk, [&](int64_t, int64_t first, int64_t last, int) {
      addBlockSums(workspace + which * cols + first, blocks, 2 * cols, last - first, beta,
                   out + first);
    });
  }
}

} // namespace

static void run(const spec::LayerNorm &spec, HostContext &context,
                const Buffers<spec::LayerNorm> &at) {
  withType(spec.type, [&](auto zero) { normalize<decltype(zero)>(spec, context, at); });
}

static void run(const spec::LayerNormGrad &spec, HostContext &context,
                const Buffers<spec::LayerNormGrad> &at) {
  withType(spec.type, [&](auto zero) {
    withType(spec.grad_type, [&](auto gradZero) {
      normalizeGrad<decltype(zero), decltype(gradZero)>(spec, context, at);
    });
  });
}

HostTwin<spec::LayerNorm> twinOf(const spec::LayerNorm &spec) { return {run, 3 * spec.cols}; }
HostTwin<spec::LayerNormGrad> twinOf(const spec::LayerNormGrad &spec) {
  return {run, 3 * spec.cols};
}

} // namespace step37::host
