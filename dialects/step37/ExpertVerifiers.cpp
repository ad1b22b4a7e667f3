// Verifiers of routing and of the products of experts.
#include "dialects/step37/Verify.h"

#include <array>

using namespace mlir;

namespace step37::ir {
namespace {

LogicalResult verifyExpertRows(Operation *op, Value rowsValue, Value tokens, Value rowSlot,
                               Value slotRow) {
  return require(op,
                 rows(rowSlot) == rows(rowsValue) && rows(rowsValue) <= rows(slotRow) &&
                     rows(tokens) > 0 && rows(slotRow) % rows(tokens) == 0 &&
                     cols(rowsValue) == cols(tokens) && element(rowsValue) == element(tokens),
                 "C1",
                 "rows and row_slot must have one length, at most that of slot_row, tokens·top_k, "
                 "and rows the tokens' width and type");
}

} // namespace

LogicalResult RouteOp::verify() {
  bool shapes = rows(getLogits()) == rows(getWeights()) &&
                shape(getWeights()) == shape(getChosen()) &&
                shape(getWeights()) == shape(getScores()) &&
                (!getBias() || rows(getBias()) == cols(getLogits()));
  if (failed(require(
          *this, shapes, "C1",
          "logits [tokens, experts], bias [experts], weights, chosen, scores [tokens, top_k]")))
    return failure();
  return require(*this, cols(getWeights()) > 0 && cols(getWeights()) <= cols(getLogits()), "C2",
                 "top_k must be between 1 and the number of experts");
}

LogicalResult RouteGradOp::verify() {
  return require(*this,
                 getDlogits().getType() == getLogits().getType() &&
                     shape(getDweights()) == shape(getChosen()) &&
                     shape(getDweights()) == shape(getScores()) &&
                     rows(getDweights()) == rows(getLogits()),
                 "C1", "dlogits must be like logits, dweights and scores like chosen");
}

LogicalResult SortByExpertOp::verify() {
  int64_t slots = rows(getChosen()) * cols(getChosen());
  return require(*this,
                 rows(getSlotRow()) == slots && rows(getRowSlot()) > 0 &&
                     rows(getRowSlot()) <= slots && rows(getOffsets()) > 1,
                 "C1",
                 "slot_row must be [tokens·top_k], row_slot at most as long, offsets [experts+1]");
}

LogicalResult DispatchOp::verify() {
  return verifyExpertRows(*this, getRows(), getX(), getRowSlot(), getSlotRow());
}

LogicalResult CombineOp::verify() {
  if (failed(verifyExpertRows(*this, getRows(), getOut(), getRowSlot(), getSlotRow())))
    return failure();
  return require(*this,
                 !getWeights() || (rows(getWeights()) == rows(getOut()) &&
                                   rows(getWeights()) * cols(getWeights()) == rows(getSlotRow())),
                 "C1", "weights must be [tokens, top_k]");
}

LogicalResult CombineGradOp::verify() {
  if (failed(verifyExpertRows(*this, getRows(), getDout(), getRowSlot(), getSlotRow())))
    return failure();
  return require(*this,
                 getDrows().getType() == getRows().getType() &&
                     getDweights().getType() == getWeights().getType() &&
                     rows(getWeights()) == rows(getDout()) &&
                     rows(getWeights()) * cols(getWeights()) == rows(getSlotRow()),
                 "C1", "drows must be like rows, dweights like weights [tokens, top_k]");
}

LogicalResult GroupedMatmulOp::verify() {
  Shape w = shape(getW());
  int64_t n = w[getTransposeB() ? 1 : 2], k = w[getTransposeB() ? 2 : 1];
  return require(
      *this,
      cols(getX()) == k && cols(getOut()) == n && rows(getOut()) == rows(getX()) &&
          rows(getOffsets()) == w[0] + 1 && sameElement(getX(), {getW(), getOut()}),
      "C1",
      "x [rows, k], w [experts, n, k] or [experts, k, n], offsets [experts+1], out [rows, n]");
}

LogicalResult GroupedMatmulGradOp::verify() {
  std::array<int64_t, 3> expected{rows(getOffsets()) - 1, cols(getA()), cols(getB())};
  return require(*this,
                 rows(getA()) == rows(getB()) && element(getA()) == element(getB()) &&
                     shape(getDw()) == Shape(expected),
                 "C1", "a [rows, m], b [rows, n], offsets [experts+1] give dw [experts, m, n]");
}

LogicalResult GroupedSwigluOp::verify() {
  Shape w = shape(getW());
  if (failed(require(*this,
                     cols(getX()) == w[2] && cols(getGateUp()) == w[1] &&
                         2 * cols(getOut()) == w[1] && rows(getGateUp()) == rows(getX()) &&
                         rows(getOut()) == rows(getX()) && rows(getOffsets()) == w[0] + 1 &&
                         sameElement(getX(), {getW(), getGateUp(), getOut()}),
                     "C1",
                     "x [rows, k], w [experts, 2·n, k], offsets [experts+1], gate_up [rows, 2·n], "
                     "out [rows, n]")))
    return failure();
  return require(*this, getLimit().convertToDouble() >= 0, "C2", "limit must not be negative");
}

} // namespace step37::ir
