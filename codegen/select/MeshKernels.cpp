// Steps of what only sharded programs have: exchange between ranks, ranks' own parts of tables, and
// the parts of gradients and parameters that the optimizer works on.
#include "codegen/select/KernelTable.h"
#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

/// `elements`: of the smaller side, or of both.
spec::Collective collective(spec::Exchange exchange, ArrayAttr axes, int64_t ranks,
                            int64_t elements, DType type) {
  return {exchange, namesOf(axes), ranks, elements, type};
}

LogicalResult lower(KernelSelector &select, ir::CoordinateOp op) {
  select.buffers.setCoordinate(op.getIndex(), op.getAxes());
  return success();
}

LogicalResult lower(KernelSelector &select, ir::AllGatherOp op) {
  return select.launch(op,
                       collective(spec::Exchange::allGather, op.getAxes(), op.getRanks(),
                                  elements(op.getIn()), dtype(op.getIn())),
                       {.in = select.in(op.getIn()), .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::ReduceScatterOp op) {
  return select.launch(op,
                       collective(spec::Exchange::reduceScatter, op.getAxes(), op.getRanks(),
                                  elements(op.getOut()), dtype(op.getOut())),
                       {.in = select.in(op.getIn()), .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::AllReduceOp op) {
  return select.launch(op,
                       collective(spec::Exchange::allReduce, op.getAxes(), op.getRanks(),
                                  elements(op.getOut()), dtype(op.getOut())),
                       {.in = select.in(op.getIn()), .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::AllToAllOp op) {
  return select.launch(op,
                       collective(spec::Exchange::allToAll, op.getAxes(), op.getRanks(),
                                  elements(op.getOut()) / int64_t(op.getRanks()),
                                  dtype(op.getOut())),
                       {.in = select.in(op.getIn()), .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::ReceivedRowsOp op) {
  int64_t ranks = op.getRanks();
  spec::ReceivedRows spec{ranks, dim(op.getBounds(), 0) / ranks - 1, int64_t(op.getSlots()),
                          dim(op.getSourceRow(), 0), int64_t(op.getFirst())};
  return select.launch(op, spec,
                       {.bounds = select.in(op.getBounds()),
                        .coordinate = select.in(op.getCoordinate()),
                        .offsets = select.out(op.getOffsets()),
                        .source_row = select.out(op.getSourceRow()),
                        .received_row = select.out(op.getReceivedRow())});
}

/// A move of rows between their owner's and the receiving side; `back` and `keeps` are to be set.
template <class Op> spec::CountedExchange counted(Op op, Value own, Value received) {
  int64_t ranks = op.getRanks();
  return {false,
          false,
          namesOf(op.getAxes()),
          ranks,
          dim(op.getBounds(), 0) / ranks - 1,
          dim(own, 0),
          dim(received, 0),
          int64_t(op.getFirst()),
          dim(own, 1),
          dtype(own)};
}

LogicalResult lower(KernelSelector &select, ir::CountedSendOp op) {
  return select.launch(op, counted(op, op.getRows(), op.getReceived()),
                       {.bounds = select.in(op.getBounds()),
                        .own = select.in(op.getRows()),
                        .received = select.out(op.getReceived())});
}

LogicalResult lower(KernelSelector &select, ir::CountedReturnOp op) {
  spec::CountedExchange spec = counted(op, op.getReturned(), op.getReceived());
  spec.back = true;
  spec.keeps = bool(op.getBefore());
  return select.launch(op, spec,
                       {.bounds = select.in(op.getBounds()),
                        .before = select.inIfAny(op.getBefore()),
                        .own = select.out(op.getReturned()),
                        .received = select.in(op.getReceived())});
}

LogicalResult lower(KernelSelector &select, ir::LocalizeIdsOp op) {
  return select.launch(op, spec::LocalizeIds{elements(op.getIds()), int64_t(op.getSize())},
                       {.ids = select.in(op.getIds()),
                        .coordinate = select.in(op.getCoordinate()),
                        .out = select.out(op.getLocal())});
}

LogicalResult lower(KernelSelector &select, ir::ExpertWindowOp op) {
  spec::ExpertWindow spec{elements(op.getOffsets()) - 1, elements(op.getSlotRow()),
                          int64_t(op.getFirst()), int64_t(op.getRows())};
  return select.launch(op, spec,
                       {.offsets = select.in(op.getOffsets()),
                        .slot_row = select.in(op.getSlotRow()),
                        .window_offsets = select.out(op.getWindowOffsets()),
                        .window_slot_row = select.out(op.getWindowSlotRow())});
}

LogicalResult lower(KernelSelector &select, ir::LmLossStatsOp op) {
  select.products.lossStats(op.getLoc(), {.x = select.in(op.getX()),
                                          .w = select.in(op.getW()),
                                          .labels = select.in(op.getLabels()),
                                          .coordinate = select.in(op.getCoordinate()),
                                          .stats = select.out(op.getStats()),
                                          .totalVocab = int64_t(op.getTotalVocab())});
  return success();
}

LogicalResult lower(KernelSelector &select, ir::MergeLossStatsOp op) {
  int64_t rows = elements(op.getWeights());
  return select.launch(op, spec::MergeLossStats{dim(op.getStats(), 0) / rows, rows},
                       {.stats = select.in(op.getStats()),
                        .weights = select.in(op.getWeights()),
                        .lse = select.out(op.getLse()),
                        .token_loss = select.out(op.getTokenLoss())});
}

LogicalResult lower(KernelSelector &select, ir::LmLossSplitGradOp op) {
  FailureOr<std::optional<GradientTarget>> target = select.accumulatedIfAny(op, op.getDw());
  if (failed(target))
    return failure();
  SplitLossBuffers head{.x = select.in(op.getX()),
                        .w = select.in(op.getW()),
                        .labels = select.in(op.getLabels()),
                        .weights = select.in(op.getWeights()),
                        .lse = select.in(op.getLse()),
                        .coordinate = select.in(op.getCoordinate()),
                        .totalVocab = int64_t(op.getTotalVocab())};
  select.products.splitLossGradient(
      op.getLoc(), head,
      LossGradient{.scale = select.in(op.getScale()), .dx = select.out(op.getDx()), .dw = *target});
  return success();
}

LogicalResult lower(KernelSelector &select, ir::SumElementsOp op) {
  return select.launch(op, spec::ReduceSum{elements(op.getValues())},
                       {.values = select.in(op.getValues()), .total = select.out(op.getTotal())});
}

LogicalResult lower(KernelSelector &select, ir::ReduceGradientOp op) {
  Value gradient = select.buffers.symbol(op.getGradient());
  auto type = cast<MemRefType>(gradient.getType());
  return select.launch(op,
                       collective(spec::Exchange::allReduce, op.getAxes(), op.getRanks(),
                                  type.getNumElements(), dtypeOf(type.getElementType())),
                       {.in = gradient, .out = gradient});
}

LogicalResult lower(KernelSelector &select, ir::ScatterGradientOp op) {
  return select.launch(
      op,
      collective(spec::Exchange::reduceScatter, op.getAxes(), op.getRanks(), elements(op.getPart()),
                 dtype(op.getPart())),
      {.in = select.buffers.symbol(op.getGradient()), .out = select.out(op.getPart())});
}

LogicalResult lower(KernelSelector &select, ir::GradientPartOp op) {
  Value gradient = select.buffers.symbol(op.getGradient());
  int64_t part = elements(op.getPart()),
          parts = cast<MemRefType>(gradient.getType()).getNumElements() / part;
  return select.launch(
      op, spec::TakeRows{parts, 1, part, dtype(op.getPart())},
      {.x = gradient, .chunk = select.in(op.getIndex()), .out = select.out(op.getPart())});
}

LogicalResult lower(KernelSelector &select, ir::GatherParameterOp op) {
  return select.launch(
      op,
      collective(spec::Exchange::allGather, op.getAxes(), op.getRanks(), elements(op.getPart()),
                 dtype(op.getPart())),
      {.in = select.in(op.getPart()), .out = select.buffers.symbol(op.getParameter())});
}

} // namespace

void addMeshKernels(KernelTable &table) {
  table.add<ir::CoordinateOp>(lower);
  table.add<ir::AllGatherOp>(lower);
  table.add<ir::ReduceScatterOp>(lower);
  table.add<ir::AllReduceOp>(lower);
  table.add<ir::AllToAllOp>(lower);
  table.add<ir::ReceivedRowsOp>(lower);
  table.add<ir::CountedSendOp>(lower);
  table.add<ir::CountedReturnOp>(lower);
  table.add<ir::LocalizeIdsOp>(lower);
  table.add<ir::ExpertWindowOp>(lower);
  table.add<ir::LmLossStatsOp>(lower);
  table.add<ir::MergeLossStatsOp>(lower);
  table.add<ir::LmLossSplitGradOp>(lower);
  table.add<ir::SumElementsOp>(lower);
  table.add<ir::ReduceGradientOp>(lower);
  table.add<ir::ScatterGradientOp>(lower);
  table.add<ir::GradientPartOp>(lower);
  table.add<ir::GatherParameterOp>(lower);
}

} // namespace step37
