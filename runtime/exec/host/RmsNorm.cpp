// Host twins of RmsNorm and RmsNormGrad (docs/model.md B.1). Rows are taken to f32 scratch once.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/NormRow.h"
#include "runtime/exec/host/RowBlocks.h"

namespace step37::host {

namespace {

template <class T> void addRow(const T *from, int64_t count, float *to) {
  for (int64_t i = 0; i < count; ++i)
    to[i] += load(from + i);
}

template <class T>
void normalize(const spec::RmsNorm &spec, HostContext &context, const Buffers<spec::RmsNorm> &at) {
  auto *weight = at.weight.as<const T>();
  T *sum = at.sum.as<T>();
  T *y = at.y.as<T>();
  float *inverseRms = at.inverse_rms.as<float>();

  forEachBlock(context.pool, spec.rows, rowsPerItem(spec.cols),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 float *x = context.workerScratch(worker), *scale = x + spec.cols;
                 loadNormScale(weight, spec.weight_offset, spec.cols, scale);
                 for (int64_t row = first; row < last; ++row) {
                   int64_t offset = row * spec.cols;
                   loadRow(at.addend[0].as<const T>() + offset, spec.cols, x);
                   for (int64_t i = 1; i < spec.addends; ++i)
                     addRow(at.addend[size_t(i)].as<const T>() + offset, spec.cols, x);
                   if (sum) {
                     storeRow(x, spec.cols, sum + offset);
                     loadRow(sum + offset, spec.cols, x);
                   }
                   inverseRms[row] = normRow(x, scale, spec.cols, spec.eps);
                   storeRow(x, spec.cols, y + offset);
                 }
               });
}

template <class T, class G>
void normalizeGrad(const spec::RmsNormGrad &spec, HostContext &context,
                   const Buffers<spec::RmsNormGrad> &at) {
  auto *dy = at.dy.as<const T>();
  auto *x = at.x.as<const T>();
  auto *weight = at.weight.as<const T>();
  auto *inverseRms = at.inverse_rms.as<const float>();
  bool sums = !spec.frozen;
  float beta = sums ? *at.beta.as<const float>() : 0.0f;
  T *dx = at.dx.as<T>();
  G *dweight = at.dweight.as<G>();
  float *workspace = at.workspace.as<float>();

  forEachBlock(context.pool, spec.rows, spec.rowsPerBlock,
               [&](int64_t block, int64_t first, int64_t last, int worker) {
                 float *xRow = context.workerScratch(worker), *u = xRow + spec.cols;
                 float *scale = u + spec.cols;
                 loadNormScale(weight, spec.weight_offset, spec.cols, scale);
                 float *partial = sums ? workspace + block * spec.cols : nullptr;
                 if (sums)
                   std::fill_n(partial, spec.cols, 0.0f);
                 for (int64_t row = first; row < last; ++row) {
                   int64_t offset = row * spec.cols;
                   loadRow(x + offset, spec.cols, xRow);
                   loadRow(dy + offset, spec.cols, u);
                   normRowGrad(u, xRow, inverseRms[row], scale, spec.cols, partial);
                   for (int64_t i = 0; i < spec.residuals; ++i)
                     addRow(at.residual[size_t(i)].as<const T>() + offset, spec.cols, u);
                   storeRow(u, spec.cols, dx + offset);
                 }
               });

  if (!sums)
    return;
  int64_t blocks = (spec.rows + spec.rowsPerBlock - 1) / spec.rowsPerBlock;
  forEachBlock(
      context.pool, spec.cols, columnChunk, [&](int64_t, int64_t first, int64_t last, int) {
        addBlockSums(workspace + first, blocks, spec.cols, last - first, beta, dweight + first);
      });
}

} // namespace

static void run(const spec::RmsNorm &spec, HostContext &context, const Buffers<spec::RmsNorm> &at) {
  withType(spec.type, [&](auto zero) { normalize<decltype(zero)>(spec, context, at); });
}

static void run(const spec::RmsNormGrad &spec, HostContext &context,
                const Buffers<spec::RmsNormGrad> &at) {
  withType(spec.type, [&](auto zero) {
    withType(spec.grad_type, [&](auto gradZero) {
      normalizeGrad<decltype(zero), decltype(gradZero)>(spec, context, at);
    });
  });
}

HostTwin<spec::RmsNorm> twinOf(const spec::RmsNorm &spec) { return {run, 2 * spec.cols}; }
HostTwin<spec::RmsNormGrad> twinOf(const spec::RmsNormGrad &spec) { return {run, 3 * spec.cols}; }

} // namespace step37::host
