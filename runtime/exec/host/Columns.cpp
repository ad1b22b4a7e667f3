// Host twins of BroadcastRow and ColumnSums: a row against a matrix, and the transpose, sums of
// blocks of rows that are added in order.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"

#include <array>

namespace step37::host {

void run(const spec::BroadcastRow &spec, HostContext &context, HostArguments arguments) {
  int64_t cols = spec.cols;
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    auto *x = argument<const T>(arguments, 0), *row = argument<const T>(arguments, 1);
    T *out = argument<T>(arguments, 2);
    forEachBlock(
        context.pool, spec.rows, rowsPerItem(cols), [&](int64_t, int64_t first, int64_t last, int) {
          std::array<float, columnChunk> values, factors;
          for (int64_t r = first; r < last; ++r)
            for (int64_t begin = 0; begin < cols; begin += columnChunk) {
              int64_t count = std::min(columnChunk, cols - begin), at = r * cols + begin;
              loadRow(x + at, count, values.data());
              loadRow(row + begin, count, factors.data());
              for (size_t i = 0; i < size_t(count); ++i)
                values[i] = spec.multiply ? values[i] * factors[i] : values[i] + factors[i];
              storeRow(values.data(), count, out + at);
            }
        });
  });
}

namespace {

/// partial[c] = Σ over rows [first, last) of a, or of a·b.
template <class T>
void sumRows(const T *a, const T *b, int64_t first, int64_t last, int64_t cols, float *partial) {
  std::fill_n(partial, cols, 0.0f);
  std::array<float, columnChunk> values, factors;
  for (int64_t row = first; row < last; ++row)
    for (int64_t begin = 0; begin < cols; begin += columnChunk) {
      int64_t count = std::min(columnChunk, cols - begin), at = row * cols + begin;
      loadRow(a + at, count, values.data());
      if (b) {
        loadRow(b + at, count, factors.data());
        for (size_t i = 0; i < size_t(count); ++i)
          values[i] *= factors[i];
      }
      for (int64_t i = 0; i < count; ++i)
        partial[begin + i] += values[size_t(i)];
    }
}

} // namespace

void run(const spec::ColumnSums &spec, HostContext &context, HostArguments arguments) {
  size_t next = spec.product ? 2 : 1;
  float beta = *argument<const float>(arguments, next);
  auto *workspace = argument<float>(arguments, next + 2);
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    auto *a = argument<const T>(arguments, 0);
    auto *b = spec.product ? argument<const T>(arguments, 1) : nullptr;
    forEachBlock(context.pool, spec.rows, spec.rowsPerBlock,
                 [&](int64_t block, int64_t first, int64_t last, int) {
                   sumRows(a, b, first, last, spec.cols, workspace + block * spec.cols);
                 });
  });
  int64_t blocks = (spec.rows + spec.rowsPerBlock - 1) / spec.rowsPerBlock;
  withType(spec.grad_type, [&](auto zero) {
    auto *sums = argument<decltype(zero)>(arguments, next + 1);
    forEachBlock(
        context.pool, spec.cols, columnChunk, [&](int64_t, int64_t first, int64_t last, int) {
          addBlockSums(workspace + first, blocks, spec.cols, last - first, beta, sums + first);
        });
  });
}

} // namespace step37::host
