// Host twins of RmsNorm and RmsNormGrad (spec/model.md B.1). Rows are taken to f32 scratch once.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/NormRow.h"
#include "runtime/exec/host/RowBlocks.h"

namespace step37::host {

int64_t scratchFloats(const spec::RmsNorm &spec) { return 2 * spec.cols; }
int64_t scratchFloats(const spec::RmsNormGrad &spec) { return 3 * spec.cols; }

namespace {

template <class T> void addRow(const T *from, int64_t count, float *to) {
  for (int64_t i = 0; i < count; ++i)
    to[i] += load(from + i);
}

template <class T>
void normalize(const spec::RmsNorm &spec, HostContext &context, HostArguments arguments) {
  size_t next = static_cast<size_t>(spec.addends);
  auto *weight = argument<const T>(arguments, next++);
  T *sum = spec.addends > 1 ? argument<T>(arguments, next++) : nullptr;
  T *y = argument<T>(arguments, next++);
  float *inverseRms = argument<float>(arguments, next);

  forEachBlock(context.pool, spec.rows, rowsPerItem(spec.cols),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 float *x = context.workerScratch(worker), *scale = x + spec.cols;
                 loadNormScale(weight, spec.cols, scale);
                 for (int64_t row = first; row < last; ++row) {
                   int64_t offset = row * spec.cols;
                   loadRow(argument<const T>(arguments, 0) + offset, spec.cols, x);
                   for (int64_t i = 1; i < spec.addends; ++i)
                     addRow(argument<const T>(arguments, static_cast<size_t>(i)) + offset,
                            spec.cols, x);
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
void normalizeGrad(const spec::RmsNormGrad &spec, HostContext &context, HostArguments arguments) {
  auto *dy = argument<const T>(arguments, 0);
  auto *x = argument<const T>(arguments, 1);
  auto *weight = argument<const T>(arguments, 2);
  auto *inverseRms = argument<const float>(arguments, 3);
  size_t next = 4 + static_cast<size_t>(spec.residuals);
  bool sums = !spec.frozen;
  float beta = sums ? *argument<const float>(arguments, next++) : 0.0f;
  T *dx = argument<T>(arguments, next++);
  G *dweight = sums ? argument<G>(arguments, next++) : nullptr;
  float *workspace = sums ? argument<float>(arguments, next) : nullptr;

  forEachBlock(context.pool, spec.rows, spec.rowsPerBlock,
               [&](int64_t block, int64_t first, int64_t last, int worker) {
                 float *xRow = context.workerScratch(worker), *u = xRow + spec.cols;
                 float *scale = u + spec.cols;
                 loadNormScale(weight, spec.cols, scale);
                 float *partial = sums ? workspace + block * spec.cols : nullptr;
                 if (sums)
                   std::fill_n(partial, spec.cols, 0.0f);
                 for (int64_t row = first; row < last; ++row) {
                   int64_t offset = row * spec.cols;
                   loadRow(x + offset, spec.cols, xRow);
                   loadRow(dy + offset, spec.cols, u);
                   normRowGrad(u, xRow, inverseRms[row], scale, spec.cols, partial);
                   for (int64_t i = 0; i < spec.residuals; ++i)
                     addRow(argument<const T>(arguments, static_cast<size_t>(4 + i)) + offset,
                            spec.cols, u);
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

void run(const spec::RmsNorm &spec, HostContext &context, HostArguments arguments) {
  withType(spec.type, [&](auto zero) { normalize<decltype(zero)>(spec, context, arguments); });
}

void run(const spec::RmsNormGrad &spec, HostContext &context, HostArguments arguments) {
  withType(spec.type, [&](auto zero) {
    withType(spec.grad_type, [&](auto gradZero) {
      normalizeGrad<decltype(zero), decltype(gradZero)>(spec, context, arguments);
    });
  });
}

} // namespace step37::host
