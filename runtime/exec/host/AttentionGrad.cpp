// Host twin of AttentionGrad. Probabilities are computed again from the saved log-sum-exp, once for
// tiles of queries (dq, dgate) and once for tiles of keys (dk, dv): more arithmetic than one sweep,
// but every sum stays with one work item and nothing larger than a tile is held.
//
// With P the probabilities, S the scaled scores, do = dout·sigmoid(gate) and D = <dout, out> per
// pair: dS = P ∘ (do·vᵀ − D), dq = scale·dS·k, dk = dSᵀ·(scale·q), dv = Pᵀ·do,
// dgate = D·(1 − sigmoid(gate)).
#include "runtime/exec/host/AttentionTiles.h"
#include "runtime/exec/host/Blas.h"
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowMath.h"

namespace step37::host {
namespace {

template <class T> class Gradient {
public:
  Gradient(const spec::AttentionGrad &spec, HostContext &context,
           const Buffers<spec::AttentionGrad> &at)
      : spec(spec), context(context), dim(spec.head_dim), kStride(spec.groups * spec.head_dim),
        scale(static_cast<float>(spec.scale)) {
    dout = at.dout.as<const T>();
    q = at.q.as<const T>();
    k = at.k.as<const T>();
    v = at.v.as<const T>();
    gate = at.gate.as<const T>();
    documentStart = at.document_start.as<const int32_t>();
    out = at.out.as<const T>();
    lse = at.lse.as<const float>();
    dq = at.dq.as<T>();
    dk = at.dk.as<T>();
    dv = at.dv.as<T>();
    dgate = at.dgate.as<T>();
    rowTerm = at.workspace.as<float>();
  }

  void run() {
    int64_t parts = AttentionPart::count(spec);
    int64_t queryTiles = (AttentionPart::pairs(spec) + pairTile - 1) / pairTile;
    context.pool.parallelFor(parts * queryTiles, [&](int64_t item, int worker) {
      queryGradients(AttentionPart(spec, documentStart, item / queryTiles),
                     item % queryTiles * pairTile, context.workerScratch(worker));
    });
    // The second sweep reads the row terms that the first one wrote.
    int64_t keyTiles = (spec.seq_len + keyTile - 1) / keyTile;
    context.pool.parallelFor(parts * keyTiles, [&](int64_t item, int worker) {
      keyGradients(AttentionPart(spec, documentStart, item / keyTiles), item % keyTiles * keyTile,
                   context.workerScratch(worker));
    });
  }

private:
  /// What both sweeps hold of a tile of pairs and a tile of keys, in a worker's scratch.
  struct Tile {
    float *queries, *dOut;          // [pairTile, dim]
    float *keyRoom, *valueRoom;     // [keyTile, dim]
    float *probabilities, *dScores; // [pairTile, keyTile]
    float *sums;                    // gradients: 2·[keyTile, dim] at most

    Tile(float *scratch, int64_t dim)
        : queries(scratch), dOut(queries + pairTile * dim), keyRoom(dOut + pairTile * dim),
          valueRoom(keyRoom + keyTile * dim), probabilities(valueRoom + keyTile * dim),
          dScores(probabilities + pairTile * keyTile), sums(dScores + pairTile * keyTile) {}
  };

  float opening(const AttentionPart &part, int64_t pair, float sign) const {
    return sigmoid(sign * load(gate + part.token(pair) * spec.gate_stride + part.head(pair)));
  }

  /// Scaled queries, and the gradients of the ungated outputs.
  void loadPairs(const AttentionPart &part, Range pairs, Tile &tile) const {
    for (int64_t pair = pairs.first; pair < pairs.last; ++pair) {
      int64_t row = part.tokenHead(pair), at = (pair - pairs.first) * dim;
      loadScaledRow(q + row * dim, dim, scale, tile.queries + at);
      loadScaledRow(dout + row * dim, dim, spec.gated ? opening(part, pair, 1.0f) : 1.0f,
                    tile.dOut + at);
    }
  }

  Panel keyPanel(const AttentionPart &part, Range keys, Tile &tile) const {
    return panelOf(k + (part.firstToken + keys.first) * kStride + part.group * dim, kStride,
                   keys.last - keys.first, dim, tile.keyRoom);
  }
  Panel valuePanel(const AttentionPart &part, Range keys, Tile &tile) const {
    return panelOf(v + (part.firstToken + keys.first) * spec.v_stride + part.group * dim,
                   spec.v_stride, keys.last - keys.first, dim, tile.valueRoom);
  }

  /// Probabilities and dS of a tile whose queries are loaded; zero where a pair does not see a key.
  void scoreGradients(const AttentionPart &part, Range pairs, Range keys, Panel keyRows,
                      Panel valueRows, Tile &tile) const {
    int64_t rows = pairs.last - pairs.first, cols = keys.last - keys.first;
    context.blas.sgemm(false, true, rows, cols, dim, tile.queries, dim, keyRows.data,
                       keyRows.stride, 0.0f, tile.probabilities, cols);
    context.blas.sgemm(false, true, rows, cols, dim, tile.dOut, dim, valueRows.data,
                       valueRows.stride, 0.0f, tile.dScores, cols);
    for (int64_t i = 0; i < rows; ++i) {
      int64_t pair = pairs.first + i, row = part.tokenHead(pair);
      Range seen = part.columns(pair, keys.first, cols);
      float *p = tile.probabilities + i * cols, *dS = tile.dScores + i * cols;
      expRow(p + seen.first, seen.last - seen.first, 1.0f, lse[row]);
      for (float *values : {p, dS}) {
        std::fill(values, values + seen.first, 0.0f);
        std::fill(values + seen.last, values + cols, 0.0f);
      }
      float term = rowTerm[row];
      for (int64_t j = seen.first; j < seen.last; ++j)
        dS[j] = p[j] * (dS[j] - term);
    }
  }

  /// dq, dgate and the row terms of the tile of pairs from `first` on.
  void queryGradients(const AttentionPart &part, int64_t first, float *scratch) {
    Tile tile(scratch, dim);
    Range pairs = {first, std::min(first + pairTile, part.pairs())};
    for (int64_t pair = pairs.first; pair < pairs.last; ++pair) {
      int64_t row = part.tokenHead(pair);
      loadRow(dout + row * dim, dim, tile.dOut);
      loadRow(out + row * dim, dim, tile.sums);
      rowTerm[row] = dot(tile.dOut, tile.sums, dim);
      if (spec.gated) // 1 − sigmoid(x) = sigmoid(−x), without cancellation
        store(dgate + part.token(pair) * spec.dgate_stride + part.head(pair),
              rowTerm[row] * opening(part, pair, -1.0f));
    }
    loadPairs(part, pairs, tile);

    int64_t rows = pairs.last - pairs.first;
    std::fill_n(tile.sums, rows * dim, 0.0f);
    Range all = part.keys(pairs);
    for (int64_t key = all.first; key < all.last; key += keyTile) {
      Range keys = {key, std::min(key + keyTile, all.last)};
      int64_t cols = keys.last - keys.first;
      Panel keyRows = keyPanel(part, keys, tile);
      scoreGradients(part, pairs, keys, keyRows, valuePanel(part, keys, tile), tile);
      context.blas.sgemm(false, false, rows, dim, cols, tile.dScores, cols, keyRows.data,
                         keyRows.stride, 1.0f, tile.sums, dim);
    }
    for (int64_t i = 0; i < rows * dim; ++i)
      tile.sums[i] *= scale;
    for (int64_t i = 0; i < rows; ++i)
      storeRow(tile.sums + i * dim, dim, dq + part.tokenHead(pairs.first + i) * dim);
  }

  /// dk and dv of the tile of keys from `firstKey` on, over all tiles of pairs that see them.
  void keyGradients(const AttentionPart &part, int64_t firstKey, float *scratch) {
    Tile tile(scratch, dim);
    Range keys = {firstKey, std::min(firstKey + keyTile, spec.seq_len)};
    int64_t cols = keys.last - keys.first;
    float *dkSums = tile.sums, *dvSums = dkSums + cols * dim;
    std::fill_n(tile.sums, 2 * cols * dim, 0.0f);
    Panel keyRows = keyPanel(part, keys, tile), valueRows = valuePanel(part, keys, tile);

    for (int64_t first = part.firstPairFor(keys.first); first < part.pairs(); first += pairTile) {
      Range pairs = {first, std::min(first + pairTile, part.pairs())};
      Range all = part.keys(pairs);
      Range seen = {std::max(all.first, keys.first), std::min(all.last, keys.last)};
      if (seen.first >= seen.last)
        continue;
      int64_t at = seen.first - keys.first;
      loadPairs(part, pairs, tile);
      scoreGradients(part, pairs, seen, {keyRows.data + at * keyRows.stride, keyRows.stride},
                     {valueRows.data + at * valueRows.stride, valueRows.stride}, tile);
      int64_t rows = pairs.last - pairs.first, seenCols = seen.last - seen.first;
      context.blas.sgemm(true, false, seenCols, dim, rows, tile.dScores, seenCols, tile.queries,
                         dim, 1.0f, dkSums + at * dim, dim);
      context.blas.sgemm(true, false, seenCols, dim, rows, tile.probabilities, seenCols, tile.dOut,
                         dim, 1.0f, dvSums + at * dim, dim);
    }
    for (int64_t i = 0; i < cols; ++i) {
      int64_t token = part.firstToken + keys.first + i;
      storeRow(dkSums + i * dim, dim, dk + token * kStride + part.group * dim);
      storeRow(dvSums + i * dim, dim, dv + token * spec.dv_stride + part.group * dim);
    }
  }

  const spec::AttentionGrad &spec;
  HostContext &context;
  int64_t dim, kStride;
  float scale;
  const T *dout, *q, *k, *v, *gate, *out;
  const int32_t *documentStart;
  const float *lse;
  T *dq, *dk, *dv, *dgate;
  float *rowTerm; // <dout, out> of each (token, head)
};

} // namespace

static void run(const spec::AttentionGrad &spec, HostContext &context,
                const Buffers<spec::AttentionGrad> &at) {
  withType(spec.type, [&](auto zero) { Gradient<decltype(zero)>(spec, context, at).run(); });
}

HostTwin<spec::AttentionGrad> twinOf(const spec::AttentionGrad &spec) {
  return {run, (2 * pairTile + 4 * keyTile) * spec.head_dim + 2 * pairTile * keyTile};
}

} // namespace step37::host
