// Host twin of Attention (docs/model.md B.3, B.4): softmax over tiles of keys with a running
// maximum, so that memory does not grow with the sequence. Products are BLAS on tiles.
#include "runtime/exec/host/AttentionTiles.h"
#include "runtime/exec/host/Blas.h"
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowMath.h"

#include <cmath>
#include <limits>

namespace step37::host {
namespace {

/// A tile of scores turns into probabilities that are relative to each row's running maximum; what
/// was summed up before is rescaled to a new maximum.
struct RunningSoftmax {
  float maximum[pairTile], total[pairTile];

  void start(int64_t pairs) {
    std::fill_n(maximum, pairs, -std::numeric_limits<float>::infinity());
    std::fill_n(total, pairs, 0.0f);
  }

  /// Row i: scores of `count` columns, of which `seen` count; `output` is its weighted sum so far.
  void add(int64_t i, float *scores, int64_t count, Range seen, float *output, int64_t dim) {
    std::fill(scores, scores + seen.first, 0.0f);
    std::fill(scores + seen.last, scores + count, 0.0f);
    if (seen.first == seen.last)
      return;
    float *first = scores + seen.first;
    float highest = std::max(maximum[i], rowMax(first, seen.last - seen.first));
    if (highest > maximum[i] && total[i] > 0.0f) {
      float shrink = std::exp(maximum[i] - highest);
      total[i] *= shrink;
      for (int64_t c = 0; c < dim; ++c)
        output[c] *= shrink;
    }
    maximum[i] = highest;
    total[i] += expRow(first, seen.last - seen.first, 1.0f, highest);
  }
};

template <class T>
void attend(const spec::Attention &spec, HostContext &context, const Buffers<spec::Attention> &at) {
  auto *q = at.q.as<const T>();
  auto *k = at.k.as<const T>();
  auto *v = at.v.as<const T>();
  auto *gate = at.gate.as<const T>();
  auto *documentStart = at.document_start.as<const int32_t>();
  T *out = at.out.as<T>();
  float *lse = at.lse.as<float>();
  int64_t dim = spec.head_dim, kStride = spec.groups * dim;
  int64_t tiles = (AttentionPart::pairs(spec) + pairTile - 1) / pairTile;

  context.pool.parallelFor(AttentionPart::count(spec) * tiles, [&](int64_t item, int worker) {
    AttentionPart part(spec, documentStart, item / tiles);
    int64_t first = item % tiles * pairTile, pairs = std::min(pairTile, part.pairs() - first);
    float *queries = context.workerScratch(worker), *output = queries + pairTile * dim;
    float *keyRoom = output + pairTile * dim, *valueRoom = keyRoom + keyTile * dim;
    float *scores = valueRoom + keyTile * dim;

    for (int64_t i = 0; i < pairs; ++i)
      loadScaledRow(q + part.tokenHead(first + i) * dim, dim, static_cast<float>(spec.scale),
                    queries + i * dim);
    std::fill_n(output, pairs * dim, 0.0f);
    RunningSoftmax softmax;
    softmax.start(pairs);

    Range keys = part.keys(Range{first, first + pairs});
    for (int64_t key = keys.first; key < keys.last; key += keyTile) {
      int64_t count = std::min(keyTile, keys.last - key), token = part.firstToken + key;
      Panel keyPanel =
          panelOf(k + token * kStride + part.group * dim, kStride, count, dim, keyRoom);
      Panel valuePanel = panelOf(v + token * spec.v_stride + part.group * dim, spec.v_stride, count,
                                 dim, valueRoom);
      context.blas.sgemm(false, true, pairs, count, dim, queries, dim, keyPanel.data,
                         keyPanel.stride, 0.0f, scores, count);
      for (int64_t i = 0; i < pairs; ++i)
        softmax.add(i, scores + i * count, count, part.columns(first + i, key, count),
                    output + i * dim, dim);
      context.blas.sgemm(false, false, pairs, dim, count, scores, count, valuePanel.data,
                         valuePanel.stride, 1.0f, output, dim);
    }

    for (int64_t i = 0; i < pairs; ++i) {
      int64_t pair = first + i, row = part.tokenHead(pair);
      float factor = 1.0f / softmax.total[i];
      if (spec.gated)
        factor *= sigmoid(load(gate + part.token(pair) * spec.gate_stride + part.head(pair)));
      for (int64_t c = 0; c < dim; ++c)
        output[i * dim + c] *= factor;
      storeRow(output + i * dim, dim, out + row * dim);
      lse[row] = softmax.maximum[i] + std::log(softmax.total[i]);
    }
  });
}

} // namespace

static void run(const spec::Attention &spec, HostContext &context,
                const Buffers<spec::Attention> &at) {
  withType(spec.type, [&](auto zero) { attend<decltype(zero)>(spec, context, at); });
}

HostTwin<spec::Attention> twinOf(const spec::Attention &spec) {
  return {run, 2 * (pairTile + keyTile) * spec.head_dim + pairTile * keyTile};
}

} // namespace step37::host
