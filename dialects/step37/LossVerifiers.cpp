// Verifiers of labels, the output head and the objective.
#include "dialects/step37/Verify.h"

using namespace mlir;

namespace step37::ir {
namespace {

LogicalResult verifyLoss(Operation *op, Value x, Value w, Value labels, Value weights,
                         Value lossSum, Value tokenLoss) {
  return require(
      op,
      cols(x) == cols(w) && element(x) == element(w) && rows(labels) == rows(x) &&
          rows(weights) == rows(x) && rows(tokenLoss) == rows(x) && rows(lossSum) == 1,
      "C1",
      "x [tokens, width], w [vocab, width], labels, weights, token_loss [tokens], loss_sum [1]");
}

} // namespace

LogicalResult ShiftLabelsOp::verify() {
  int64_t tokens = rows(getIds());
  bool same = llvm::all_of(ValueRange{getMask(), getDocumentStart(), getLabels(), getWeights()},
                           [&](Value value) { return rows(value) == tokens; });
  int64_t seqLen = getSeqLen();
  return require(
      *this, same && seqLen > 0 && tokens % seqLen == 0 && int64_t(getBy()) >= 1, "C1",
      "operands and results must be [tokens], seq_len divide tokens, and `by` be positive");
}

LogicalResult LmLossOp::verify() {
  return verifyLoss(*this, getX(), getW(), getLabels(), getWeights(), getLossSum(), getTokenLoss());
}

LogicalResult LmLossGradOp::verify() {
  if (failed(verifyLoss(*this, getX(), getW(), getLabels(), getWeights(), getLossSum(),
                        getTokenLoss())))
    return failure();
  return require(*this,
                 getDx().getType() == getX().getType() &&
                     (!getDw() || shape(getDw()) == shape(getW())) && rows(getScale()) == 1,
                 "C1", "dx must be like x, dw like w, and scale [1]");
}

LogicalResult ObjectiveOp::verify() {
  bool single = llvm::all_of(getOperands(), [](Value value) { return rows(value) == 1; });
  return require(
      *this, single && !getLosses().empty() && getLosses().size() == getScales().size(), "C1",
      "there must be as many scales as losses, and at least one, all of them and beta [1]");
}

LogicalResult TakeRowsOp::verify() {
  if (failed(require(*this,
                     shape(getOut()).drop_front() == shape(getX()).drop_front() &&
                         element(getOut()) == element(getX()) && rows(getOut()) <= rows(getX()) &&
                         rows(getChunk()) == 1,
                     "C1", "out must be rows of x, and chunk [1]")))
    return failure();
  int64_t parts = getParts();
  return require(*this, parts > 0 && rows(getX()) % parts == 0 && rows(getOut()) % parts == 0, "C2",
                 "parts must divide the rows of x and out");
}

} // namespace step37::ir
