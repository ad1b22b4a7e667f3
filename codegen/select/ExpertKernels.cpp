// Steps of routing and of the products of experts.
#include "codegen/select/KernelTable.h"
#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

LogicalResult lower(KernelSelector &select, ir::RouteOp op) {
  spec::Route spec{dim(op.getLogits(), 0), dim(op.getLogits(), 1), dim(op.getWeights(), 1),
                   number(op.getScale()),  op.getNormalize(),      bool(op.getBias()),
                   op.getSoftmax()};
  return select.launch(op, spec,
                       {.logits = select.in(op.getLogits()),
                        .bias = select.inIfAny(op.getBias()),
                        .weights = select.out(op.getWeights()),
                        .chosen = select.out(op.getChosen()),
                        .scores = select.out(op.getScores())});
}

LogicalResult lower(KernelSelector &select, ir::RouteGradOp op) {
  spec::RouteGrad spec{dim(op.getLogits(), 0), dim(op.getLogits(), 1), dim(op.getChosen(), 1),
                       number(op.getScale()),  op.getNormalize(),      op.getSoftmax()};
  return select.launch(op, spec,
                       {.dweights = select.in(op.getDweights()),
                        .logits = select.in(op.getLogits()),
                        .chosen = select.in(op.getChosen()),
                        .scores = select.in(op.getScores()),
                        .dlogits = select.out(op.getDlogits())});
}

LogicalResult lower(KernelSelector &select, ir::SortByExpertOp op) {
  spec::SortByExpert spec{dim(op.getChosen(), 0), dim(op.getOffsets(), 0) - 1,
                          dim(op.getChosen(), 1), dim(op.getRowSlot(), 0)};
  return select.launch(op, spec,
                       {.chosen = select.in(op.getChosen()),
                        .offsets = select.out(op.getOffsets()),
                        .row_slot = select.out(op.getRowSlot()),
                        .slot_row = select.out(op.getSlotRow())});
}

LogicalResult lower(KernelSelector &select, ir::DispatchOp op) {
  int64_t tokens = dim(op.getX(), 0);
  return select.launch(op,
                       spec::Dispatch{tokens, dim(op.getSlotRow(), 0) / tokens, dim(op.getX(), 1),
                                      dtype(op.getX()), dim(op.getRows(), 0)},
                       {.x = select.in(op.getX()),
                        .row_slot = select.in(op.getRowSlot()),
                        .out = select.out(op.getRows())});
}

LogicalResult lower(KernelSelector &select, ir::CombineOp op) {
  int64_t tokens = dim(op.getOut(), 0);
  spec::Combine spec{tokens,
                     dim(op.getSlotRow(), 0) / tokens,
                     dim(op.getOut(), 1),
                     bool(op.getWeights()),
                     dtype(op.getOut()),
                     dim(op.getRows(), 0)};
  return select.launch(op, spec,
                       {.routed = select.in(op.getRows()),
                        .slot_row = select.in(op.getSlotRow()),
                        .weights = select.inIfAny(op.getWeights()),
                        .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::CombineGradOp op) {
  int64_t tokens = dim(op.getDout(), 0);
  spec::CombineGrad spec{tokens, dim(op.getSlotRow(), 0) / tokens, dim(op.getDout(), 1),
                         dtype(op.getDout()), dim(op.getRows(), 0)};
  return select.launch(op, spec,
                       {.dout = select.in(op.getDout()),
                        .routed = select.in(op.getRows()),
                        .weights = select.in(op.getWeights()),
                        .row_slot = select.in(op.getRowSlot()),
                        .slot_row = select.in(op.getSlotRow()),
                        .drouted = select.out(op.getDrows()),
                        .dweights = select.out(op.getDweights())});
}

LogicalResult lower(KernelSelector &select, ir::GroupedMatmulOp op) {
  spec::GroupedGemm spec{dim(op.getW(), 0), dim(op.getX(), 0),  dim(op.getOut(), 1),
                         dim(op.getX(), 1), op.getTransposeB(), dtype(op.getX())};
  return select.launch(op, spec,
                       {.x = select.in(op.getX()),
                        .w = select.in(op.getW()),
                        .offsets = select.in(op.getOffsets()),
                        .out = select.out(op.getOut()),
                        .workspace = select.workspaceOf(op, spec)});
}

LogicalResult lower(KernelSelector &select, ir::GroupedSwigluOp op) {
  spec::GroupedSwiglu spec{dim(op.getW(), 0), dim(op.getX(), 0),     dim(op.getOut(), 1),
                           dim(op.getX(), 1), number(op.getLimit()), clampOf(op.getClamp()),
                           dtype(op.getX())};
  return select.launch(op, spec,
                       {.x = select.in(op.getX()),
                        .w = select.in(op.getW()),
                        .offsets = select.in(op.getOffsets()),
                        .gate_up = select.out(op.getGateUp()),
                        .out = select.out(op.getOut()),
                        .workspace = select.workspaceOf(op, spec)});
}

LogicalResult lower(KernelSelector &select, ir::GroupedMatmulGradOp op) {
  FailureOr<GradientTarget> target = select.accumulated(op, op.getDw());
  if (failed(target))
    return failure();
  spec::GroupedGemmGrad spec{dim(op.getDw(), 0), dim(op.getA(), 0), dim(op.getA(), 1),
                             dim(op.getB(), 1),  dtype(op.getA()),  dtype(op.getDw())};
  return select.launch(op, spec,
                       {.a = select.in(op.getA()),
                        .b = select.in(op.getB()),
                        .offsets = select.in(op.getOffsets()),
                        .beta = target->beta,
                        .dw = target->gradient,
                        .workspace = select.workspaceOf(op, spec)});
}

} // namespace

void addExpertKernels(KernelTable &table) {
  table.add<ir::RouteOp>(lower);
  table.add<ir::RouteGradOp>(lower);
  table.add<ir::SortByExpertOp>(lower);
  table.add<ir::DispatchOp>(lower);
  table.add<ir::CombineOp>(lower);
  table.add<ir::CombineGradOp>(lower);
  table.add<ir::GroupedMatmulOp>(lower);
  table.add<ir::GroupedMatmulGradOp>(lower);
  table.add<ir::GroupedSwigluOp>(lower);
}

} // namespace step37
