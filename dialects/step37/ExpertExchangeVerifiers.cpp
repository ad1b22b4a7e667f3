// Verifiers of the operations in ExpertExchangeOps.td.
#include "dialects/step37/Verify.h"

using namespace mlir;

namespace step37::ir {
namespace {

LogicalResult verifyMoved(Operation *op, Value rowsValue, Value moved, Value sourceRow,
                          Value receivedRow) {
  return require(op,
                 moved.getType() == rowsValue.getType() && rows(sourceRow) == rows(rowsValue) &&
                     rows(receivedRow) == rows(rowsValue),
                 "C1", "moved must be like rows, and the lists as long as there are rows");
}

LogicalResult verifyGroup(Operation *op, ArrayAttr axes, int64_t ranks) {
  return require(op, areAxes(axes) && ranks >= 2, "C1",
                 "there must be at least one axis, each once, and two ranks");
}

/// Whether these are offsets of a whole number of experts on each of the ranks.
bool areBounds(Value bounds, int64_t ranks) {
  return rows(bounds) % ranks == 0 && rows(bounds) / ranks > 1 &&
         (rows(bounds) / ranks - 1) % ranks == 0;
}

LogicalResult verifyCounted(Operation *op, Value a, Value b, Value bounds, int64_t ranks,
                            int64_t first) {
  return require(
      op, cols(a) == cols(b) && element(a) == element(b) && areBounds(bounds, ranks) && first >= 0,
      "C2",
      "operand and result must differ in rows only, bounds be [ranks·(experts+1)] with "
      "ranks dividing experts, first not negative");
}

} // namespace

LogicalResult PlaceRowsOp::verify() {
  int64_t slots = rows(getChosen()) * cols(getChosen());
  bool lists =
      llvm::all_of(ValueRange{getRowSlot(), getSlotRow(), getSourceRow(), getReceivedRow()},
                   [&](Value list) { return rows(list) == slots; });
  return require(*this,
                 lists && getBounds().getType() == getOffsets().getType() && rows(getOffsets()) > 1,
                 "C1", "lists of rows and slots must be [tokens·top_k], offsets [experts+1]");
}

LogicalResult SendRowsOp::verify() {
  return verifyMoved(*this, getRows(), getMoved(), getSourceRow(), getReceivedRow());
}

LogicalResult ReturnRowsOp::verify() {
  return verifyMoved(*this, getRows(), getMoved(), getSourceRow(), getReceivedRow());
}

LogicalResult ReceivedRowsOp::verify() {
  int64_t ranks = getRanks();
  bool groups = ranks >= 2 && areBounds(getBounds(), ranks) &&
                (rows(getBounds()) / ranks - 1) / ranks + 1 == rows(getOffsets());
  if (failed(require(*this, groups && rows(getCoordinate()) == 1, "C1",
                     "bounds must be [ranks·(experts+1)], offsets [experts/ranks+1], coordinate "
                     "[1]")))
    return failure();
  return require(*this,
                 getSourceRow().getType() == getReceivedRow().getType() &&
                     int64_t(getFirst()) >= 0 && int64_t(getSlots()) > 0,
                 "C2", "lists of rows must have one type, first not be negative, slots positive");
}

LogicalResult CountedSendOp::verify() {
  if (failed(verifyGroup(*this, getAxes(), getRanks())))
    return failure();
  return verifyCounted(*this, getRows(), getReceived(), getBounds(), getRanks(), getFirst());
}

LogicalResult CountedReturnOp::verify() {
  if (failed(verifyGroup(*this, getAxes(), getRanks())))
    return failure();
  if (getBefore() && getBefore().getType() != getReturned().getType())
    return require(*this, false, "C2", "returned must be like before");
  return verifyCounted(*this, getReceived(), getReturned(), getBounds(), getRanks(), getFirst());
}

} // namespace step37::ir
