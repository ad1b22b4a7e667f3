// How attention is cut on the host: one part is a row of the batch with one KV head. Its queries
// are (token, head of the group) pairs in token order, so that a tile of pairs against a tile of
// keys is a dense matrix product whatever the group's size. Used by Attention.cpp and
// AttentionGrad.cpp.
#pragma once

#include "runtime/exec/host/Elements.h"

#include <algorithm>
#include <cstdint>

namespace step37::host {

inline constexpr int64_t pairTile = 64;
inline constexpr int64_t keyTile = 128;

/// Indices [first, last).
struct Range {
  int64_t first, last;
};

/// A row-major matrix of floats whose rows are `stride` apart.
struct Panel {
  const float *data;
  int64_t stride;
};

/// `rows` rows of `cols` elements as floats: in place where they are floats, else copied to `room`.
template <class T>
Panel panelOf(const T *from, int64_t stride, int64_t rows, int64_t cols, float *room) {
  for (int64_t r = 0; r < rows; ++r)
    loadRow(from + r * stride, cols, room + r * cols);
  return {room, cols};
}
inline Panel panelOf(const float *from, int64_t stride, int64_t, int64_t, float *) {
  return {from, stride};
}

/// to[i] = factor·from[i] in f32.
template <class T> void loadScaledRow(const T *from, int64_t count, float factor, float *to) {
  loadRow(from, count, to);
  for (int64_t i = 0; i < count; ++i)
    to[i] *= factor;
}

/// One row of the batch and one KV head. Keys and queries count from the row's first token.
class AttentionPart {
public:
  /// `index` in [0, count(spec)).
  template <class Spec>
  AttentionPart(const Spec &spec, const int32_t *documentStart, int64_t index)
      : group(index % spec.groups), firstToken(index / spec.groups * spec.seq_len),
        heads(spec.heads), groupHeads(spec.heads / spec.groups), seqLen(spec.seq_len),
        window(spec.window), documentStart(spec.causal ? documentStart + firstToken : nullptr) {}

  template <class Spec> static int64_t count(const Spec &spec) {
    return spec.tokens / spec.seq_len * spec.groups;
  }
  template <class Spec> static int64_t pairs(const Spec &spec) {
    return spec.seq_len * (spec.heads / spec.groups);
  }

  int64_t pairs() const { return seqLen * groupHeads; }
  /// The first pair whose query can see the key at position `key`.
  int64_t firstPairFor(int64_t key) const { return documentStart ? key * groupHeads : 0; }
  int64_t token(int64_t pair) const { return firstToken + pair / groupHeads; }
  int64_t head(int64_t pair) const { return group * groupHeads + pair % groupHeads; }
  /// Index of a pair in a [tokens, heads] matrix.
  int64_t tokenHead(int64_t pair) const { return token(pair) * heads + head(pair); }

  /// Keys that a pair's query sees.
  Range keys(int64_t pair) const {
    if (!documentStart)
      return {0, seqLen};
    int64_t query = pair / groupHeads, first = documentStart[query];
    return {window > 0 ? std::max(first, query - window + 1) : first, query + 1};
  }

  /// The smallest range that holds the keys of all these pairs.
  Range keys(Range pairRange) const {
    Range all = keys(pairRange.last - 1);
    for (int64_t pair = pairRange.first; pair < pairRange.last; pair += groupHeads)
      all.first = std::min(all.first, keys(pair).first);
    return all;
  }

  /// Which of the columns [0, count) of a tile that begins at `firstKey` a pair sees.
  Range columns(int64_t pair, int64_t firstKey, int64_t count) const {
    Range seen = keys(pair);
    int64_t last = std::clamp<int64_t>(seen.last - firstKey, 0, count);
    return {std::clamp<int64_t>(seen.first - firstKey, 0, last), last};
  }

  const int64_t group, firstToken;

private:
  int64_t heads, groupHeads, seqLen, window;
  const int32_t *documentStart; // null: every query sees all keys
};

} // namespace step37::host
