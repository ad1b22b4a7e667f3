// Host twins of LayerNorm and LayerNormGrad (spec/model.md E.1). Rows are taken to f32 scratch
// once.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"

#include <cmath>

namespace step37::host {

int64_t scratchFloats(const spec::LayerNorm &spec) { return 3 * spec.cols; }
int64_t scratchFloats(const spec::LayerNormGrad &spec) { return 3 * spec.cols; }

namespace {

/// The mean, in double so that a row far from zero keeps its digits.
float meanOf(const float *x, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += x[i];
  return float(sum / double(count));
}

template <class T>
void normalize(const spec::LayerNorm &spec, HostContext &context, HostArguments arguments) {
  auto *x = argument<const T>(arguments, 0);
  T *y = argument<T>(arguments, 3);
  auto *means = argument<float>(arguments, 4), *inverses = argument<float>(arguments, 5);
  int64_t cols = spec.cols;
  forEachBlock(context.pool, spec.rows, rowsPerItem(cols),
               [&](int64_t, int64_t first, int64_t last, int worker) {
                 float *row = context.workerScratch(worker), *weight = row + cols,
                       *bias = weight + cols;
                 loadRow(argument<const T>(arguments, 1), cols, weight);
                 loadRow(argument<const T>(arguments, 2), cols, bias);
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
void normalizeGrad(const spec::LayerNormGrad &spec, HostContext &context, HostArguments arguments) {
  auto *dy = argument<const T>(arguments, 0), *x = argument<const T>(arguments, 1);
  auto *means = argument<const float>(arguments, 3),
       *inverses = argument<const float>(arguments, 4);
  float beta = *argument<const float>(arguments, 5);
  T *dx = argument<T>(arguments, 6);
  auto *workspace = argument<float>(arguments, 9);
  int64_t cols = spec.cols;
  forEachBlock(context.pool, spec.rows, spec.rowsPerBlock,
               [&](int64_t block, int64_t first, int64_t last, int worker) {
                 float *u = context.workerScratch(worker), *n = u + cols, *weight = n + cols;
                 loadRow(argument<const T>(arguments, 2), cols, weight);
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
    G *out = argument<G>(arguments, size_t(7 + which));
    forEachBlock(context.pool, cols, columnChunk, [&](int64_t, int64_t first, int64_t last, int) {
      addBlockSums(workspace + which * cols + first, blocks, 2 * cols, last - first, beta,
                   out + first);
    });
  }
}

} // namespace

void run(const spec::LayerNorm &spec, HostContext &context, HostArguments arguments) {
  withType(spec.type, [&](auto zero) { normalize<decltype(zero)>(spec, context, arguments); });
}

void run(const spec::LayerNormGrad &spec, HostContext &context, HostArguments arguments) {
  withType(spec.type, [&](auto zero) {
    withType(spec.grad_type, [&](auto gradZero) {
      normalizeGrad<decltype(zero), decltype(gradZero)>(spec, context, arguments);
    });
  });
}

} // namespace step37::host
