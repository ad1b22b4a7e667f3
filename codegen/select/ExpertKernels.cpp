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
  SmallVector<Value> arguments = {select.in(op.getLogits())};
  if (op.getBias())
    arguments.push_back(select.in(op.getBias()));
  arguments.append(
      {select.out(op.getWeights()), select.out(op.getChosen()), select.out(op.getScores())});
  return select.launch(op, spec, arguments);
}

LogicalResult lower(KernelSelector &select, ir::RouteGradOp op) {
  spec::RouteGrad spec{dim(op.getLogits(), 0), dim(op.getLogits(), 1), dim(op.getChosen(), 1),
                       number(op.getScale()),  op.getNormalize(),      op.getSoftmax()};
  return select.launch(op, spec,
                       {select.in(op.getDweights()), select.in(op.getLogits()),
                        select.in(op.getChosen()), select.in(op.getScores()),
                        select.out(op.getDlogits())});
}

LogicalResult lower(KernelSelector &select, ir::SortByExpertOp op) {
  spec::SortByExpert spec{dim(op.getChosen(), 0), dim(op.getOffsets(), 0) - 1,
                          dim(op.getChosen(), 1), dim(op.getRowSlot(), 0)};
  return select.launch(op, spec,
                       {select.in(op.getChosen()), select.out(op.getOffsets()),
                        select.out(op.getRowSlot()), select.out(op.getSlotRow())});
}

LogicalResult lower(KernelSelector &select, ir::DispatchOp op) {
  int64_t tokens = dim(op.getX(), 0);
  return select.launch(
      op,
      spec::Dispatch{tokens, dim(op.getSlotRow(), 0) / tokens, dim(op.getX(), 1), dtype(op.getX()),
                     dim(op.getRows(), 0)},
      {select.in(op.getX()), select.in(op.getRowSlot()), select.out(op.getRows())});
}

LogicalResult lower(KernelSelector &select, ir::CombineOp op) {
  int64_t tokens = dim(op.getOut(), 0);
  spec::Combine spec{tokens,
                     dim(op.getSlotRow(), 0) / tokens,
                     dim(op.getOut(), 1),
                     bool(op.getWeights()),
                     dtype(op.getOut()),
                     dim(op.getRows(), 0)};
  SmallVector<Value> arguments = {select.in(op.getRows()), select.in(op.getSlotRow())};
  if (op.getWeights())
    arguments.push_back(select.in(op.getWeights()));
  arguments.push_back(select.out(op.getOut()));
  return select.launch(op, spec, arguments);
}

LogicalResult lower(KernelSelector &select, ir::CombineGradOp op) {
  int64_t tokens = dim(op.getDout(), 0);
  spec::CombineGrad spec{tokens, dim(op.getSlotRow(), 0) / tokens, dim(op.getDout(), 1),
                         dtype(op.getDout()), dim(op.getRows(), 0)};
  return select.launch(op, spec,
                       {select.in(op.getDout()), select.in(op.getRows()),
                        select.in(op.getWeights()), select.in(op.getRowSlot()),
                        select.in(op.getSlotRow()), select.out(op.getDrows()),
                        select.out(op.getDweights())});
}

LogicalResult lower(KernelSelector &select, ir::GroupedMatmulOp op) {
  spec::GroupedGemm spec{dim(op.getW(), 0), dim(op.getX(), 0),  dim(op.getOut(), 1),
                         dim(op.getX(), 1), op.getTransposeB(), dtype(op.getX())};
  return select.launch(op, spec,
                       {select.in(op.getX()), select.in(op.getW()), select.in(op.getOffsets()),
                        select.out(op.getOut()), select.workspaceOf(op, spec)});
}

LogicalResult lower(KernelSelector &select, ir::GroupedSwigluOp op) {
  spec::GroupedSwiglu spec{dim(op.getW(), 0), dim(op.getX(), 0),     dim(op.getOut(), 1),
                           dim(op.getX(), 1), number(op.getLimit()), clampOf(op.getClamp()),
                           dtype(op.getX())};
  return select.launch(op, spec,
                       {select.in(op.getX()), select.in(op.getW()), select.in(op.getOffsets()),
                        select.out(op.getGateUp()), select.out(op.getOut()),
                        select.workspaceOf(op, spec)});
}

LogicalResult lower(KernelSelector &select, ir::GroupedMatmulGradOp op) {
  FailureOr<GradientTarget> target = select.accumulated(op, op.getDw());
  if (failed(target))
    return failure();
  spec::GroupedGemmGrad spec{dim(op.getDw(), 0), dim(op.getA(), 0), dim(op.getA(), 1),
                             dim(op.getB(), 1),  dtype(op.getA()),  dtype(op.getDw())};
  return select.launch(op, spec,
                       {select.in(op.getA()), select.in(op.getB()), select.in(op.getOffsets()),
                        target->beta, target->gradient, select.workspaceOf(op, spec)});
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
