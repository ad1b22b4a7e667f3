// Host twins of Embedding and EmbeddingGrad: a gather of table rows and its transpose, a sum per
// row of the table in token order.
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/StableSort.h"

#include <cstring>

namespace step37::host {

static void run(const spec::Embedding &spec, HostContext &context,
                const Buffers<spec::Embedding> &at) {
  auto *ids = at.ids.as<const int32_t>();
  const std::byte *table = at.table.data;
  std::byte *out = at.out.data;
  int64_t rowBytes = spec.width * byteSize(spec.type);
  forEachBlock(context.pool, spec.tokens, rowsPerItem(spec.width),
               [&](int64_t, int64_t first, int64_t last, int) {
                 for (int64_t t = first; t < last; ++t)
                   if (ids[t] >= 0 && ids[t] < spec.vocab)
                     std::memcpy(out + t * rowBytes, table + ids[t] * rowBytes, rowBytes);
                   else
                     std::memset(out + t * rowBytes, 0, rowBytes);
               });
}

namespace {

/// The gradient of rows [first, last) and columns [column, column+count) of the table.
template <class T, class G>
void gatherGradients(const spec::EmbeddingGrad &spec, const int32_t *begin, const int32_t *order,
                     const T *dy, float beta, G *dtable, int64_t first, int64_t last,
                     int64_t column, int64_t count) {
  for (int64_t v = first; v < last; ++v) {
    G *to = dtable + v * spec.width + column;
    if (begin[v] == begin[v + 1] && beta == 1.0f)
      continue;
    float sum[columnChunk];
    for (int64_t c = 0; c < count; ++c)
      sum[c] = beta == 0.0f ? 0.0f : beta * load(to + c);
    for (int32_t i = begin[v]; i < begin[v + 1]; ++i) {
      const T *from = dy + order[i] * spec.width + column;
      for (int64_t c = 0; c < count; ++c)
        sum[c] += load(from + c);
    }
    storeRow(sum, count, to);
  }
}

} // namespace

static void run(const spec::EmbeddingGrad &spec, HostContext &context,
                const Buffers<spec::EmbeddingGrad> &at) {
  auto *ids = at.ids.as<const int32_t>();
  float beta = *at.beta.as<const float>();
  auto *begin = at.workspace.as<int32_t>();
  int32_t *order = begin + spec.vocab + 1;
  sortByKey(ids, spec.tokens, spec.vocab, begin,
            [&](int32_t token, int32_t position) { order[position] = token; });

  constexpr int64_t rowBlock = 64;
  int64_t chunks = (spec.width + columnChunk - 1) / columnChunk;
  int64_t rowBlocks = (spec.vocab + rowBlock - 1) / rowBlock;
  withType(spec.type, [&](auto zero) {
    withType(spec.grad_type, [&](auto gradZero) {
      auto *dy = at.dy.as<const decltype(zero)>();
      auto *dtable = at.dtable.as<decltype(gradZero)>();
      context.pool.parallelFor(rowBlocks * chunks, [&](int64_t item) {
        int64_t first = item / chunks * rowBlock, column = item % chunks * columnChunk;
        gatherGradients(spec, begin, order, dy, beta, dtable, first,
                        std::min(first + rowBlock, spec.vocab), column,
                        std::min(columnChunk, spec.width - column));
      });
    });
  });
}

HostTwin<spec::Embedding> twinOf(const spec::Embedding &) { return {run}; }
HostTwin<spec::EmbeddingGrad> twinOf(const spec::EmbeddingGrad &) { return {run}; }

} // namespace step37::host
