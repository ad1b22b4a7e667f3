// Steps of the output head: labels, loss, and the rows whose logits are written.
#include "codegen/select/KernelTable.h"
#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

LogicalResult lower(KernelSelector &select, ir::ShiftLabelsOp op) {
  return select.launch(
      op, spec::ShiftLabels{elements(op.getIds()), int64_t(op.getSeqLen()), int64_t(op.getBy())},
      {.ids = select.in(op.getIds()),
       .mask = select.in(op.getMask()),
       .document_start = select.in(op.getDocumentStart()),
       .labels = select.out(op.getLabels()),
       .weights = select.out(op.getWeights())});
}

template <typename Op> LossBuffers lossBuffers(KernelSelector &select, Op op) {
  return {.x = select.in(op.getX()),
          .w = select.in(op.getW()),
          .labels = select.in(op.getLabels()),
          .weights = select.in(op.getWeights()),
          .tokenLoss = select.out(op.getTokenLoss()),
          .lossSum = select.out(op.getLossSum())};
}

LogicalResult lower(KernelSelector &select, ir::LmLossOp op) {
  select.products.loss(op.getLoc(), lossBuffers(select, op), std::nullopt);
  return success();
}

LogicalResult lower(KernelSelector &select, ir::LmLossGradOp op) {
  auto target = select.accumulatedIfAny(op, op.getDw());
  if (failed(target))
    return failure();
  select.products.loss(
      op.getLoc(), lossBuffers(select, op),
      LossGradient{.scale = select.in(op.getScale()), .dx = select.out(op.getDx()), .dw = *target});
  return success();
}

LogicalResult lower(KernelSelector &select, ir::TakeRowsOp op) {
  if (op.getParts() != 1)
    return op.emitOpError("has no kernel for several parts: each is for a rank of its own");
  int64_t rows = dim(op.getX(), 0);
  return select.launch(
      op, spec::TakeRows{rows, dim(op.getOut(), 0), elements(op.getX()) / rows, dtype(op.getX())},
      {.x = select.in(op.getX()),
       .chunk = select.in(op.getChunk()),
       .out = select.out(op.getOut())});
}

} // namespace

void addLossKernels(KernelTable &table) {
  table.add<ir::ShiftLabelsOp>(lower);
  table.add<ir::LmLossOp>(lower);
  table.add<ir::LmLossGradOp>(lower);
  table.add<ir::TakeRowsOp>(lower);
}

} // namespace step37
