// What operations multiply and exchange: the costs that their operands and results do not show.
// Local programs are asked, so that sizes are those of a rank.
#include "dialects/step37/ImageGrids.h"
#include "dialects/step37/Step37Dialect.h"

#include <algorithm>

using namespace mlir;

namespace step37::ir {
namespace {

int64_t dim(Value value, int64_t index) {
  return cast<RankedTensorType>(value.getType()).getDimSize(index);
}

int64_t elements(Value value) { return cast<RankedTensorType>(value.getType()).getNumElements(); }

/// Of all elements of a tensor in equal parts those that a rank has not.
int64_t ofOthers(int64_t all, int64_t ranks) { return all / ranks * (ranks - 1); }

/// Scores, and values weighted by them: two products with each visible key.
int64_t attentionFlops(int64_t pairs, int64_t width) { return 4 * pairs * width; }

} // namespace

int64_t MatmulOp::getProductFlops() {
  return 2 * elements(getC()) * dim(getA(), getTransposeA() ? 0 : 1);
}

int64_t GroupedMatmulOp::getProductFlops() { return 2 * elements(getOut()) * dim(getX(), 1); }

int64_t GroupedSwigluOp::getProductFlops() { return 2 * elements(getGateUp()) * dim(getX(), 1); }

/// As if every row were one document: with several it is less.
int64_t AttentionOp::getProductFlops() {
  int64_t length = getSeqLen(), rows = dim(getQ(), 0) / length;
  int64_t window = getWindow() > 0 ? std::min<int64_t>(length, getWindow()) : length;
  return attentionFlops(rows * (length * window - window * (window - 1) / 2), dim(getQ(), 1));
}

int64_t ImageAttentionOp::getProductFlops() {
  int64_t pairs = 0;
  for (const ImageGroup &group : imageGroups(getGrids(), getClassToken()))
    pairs += group.tokens() * group.length;
  return attentionFlops(pairs, dim(getQ(), 1));
}

int64_t LmLossOp::getProductFlops() { return 2 * elements(getX()) * dim(getW(), 0); }

int64_t LmLossStatsOp::getProductFlops() { return 2 * elements(getX()) * dim(getW(), 0); }

int64_t AllGatherOp::getSentElements() { return elements(getIn()) * (int64_t(getRanks()) - 1); }

int64_t ReduceScatterOp::getSentElements() { return ofOthers(elements(getIn()), getRanks()); }

/// A sum's parts go to one rank each, and from there to all.
int64_t AllReduceOp::getSentElements() { return 2 * ofOthers(elements(getIn()), getRanks()); }

int64_t AllToAllOp::getSentElements() { return ofOthers(elements(getIn()), getRanks()); }

/// Of the rows that a rank owns, as many as of others when routing is balanced.
int64_t CountedSendOp::getSentElements() { return ofOthers(elements(getRows()), getRanks()); }

int64_t CountedReturnOp::getSentElements() { return ofOthers(elements(getReturned()), getRanks()); }

} // namespace step37::ir
