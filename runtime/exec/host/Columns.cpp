// Host twins of BroadcastRow and ColumnSums: a row against a matrix, and the transpose, sums of
// blocks of rows that are added in order.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"

#include <array>

namespace step37::host {

static void run(const spec::BroadcastRow &spec, HostContext &context,
                const Buffers<spec::BroadcastRow> &at) {
  int64_t cols = spec.cols;
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    auto *x = at.x.as<const T>(), *row = at.row.as<const T>();
    T *out = at.out.as<T>();
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

static void run(const spec::ColumnSums &spec, HostContext &context,
                const Buffers<spec::ColumnSums> &at) {
  float beta = *at.beta.as<const float>();
  auto *workspace = at.workspace.as<float>();
  withType(spec.type, [&](auto zero) {
    using T = decltype(zero);
    auto *a = at.a.as<const T>();
    auto *b = at.b.as<const T>();
    forEachBlock(context.pool, spec.rows, spec.rowsPerBlock,
                 [&](int64_t block, int64_t first, int64_t last, int) {
                   sumRows(a, b, first, last, spec.cols, workspace + block * spec.cols);
                 });
  });
  int64_t blocks = (spec.rows + spec.rowsPerBlock - 1) / spec.rowsPerBlock;
  withType(spec.grad_type, [&](auto zero) {
    auto *sums = at.sums.as<decltype(zero)>();
    forEachBlock(
        context.pool, spec.cols, columnChunk, [&](int64_t, int64_t first, int64_t last, int) {
          addBlockSums(workspace + first, blocks, spec.cols, last - first, beta, sums + first);
        });
  });
}

HostTwin<spec::BroadcastRow> twinOf(const spec::BroadcastRow &) { return {run}; }
HostTwin<spec::ColumnSums> twinOf(const spec::ColumnSums &) { return {run}; }

} // namespace step37::host
