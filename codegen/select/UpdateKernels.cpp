// Steps of gradient accumulation, norms and the optimizer.
#include "codegen/select/KernelTable.h"
#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

LogicalResult lower(KernelSelector &select, ir::AccumulateGradientOp op) {
  if (select.buffers.isAccumulated(op.getValue()))
    return success(); // its producer has done it
  Value gradient = select.buffers.symbol(op.getGradient());
  DType gradType = dtypeOf(cast<MemRefType>(gradient.getType()).getElementType());
  return select.launch(
      op, spec::AccumulateGradient{elements(op.getValue()), dtype(op.getValue()), gradType},
      {select.in(op.getValue()), select.in(op.getBeta()), gradient});
}

LogicalResult lower(KernelSelector &select, ir::SumOfSquaresOp op) {
  return select.launch(op, spec::SumOfSquares{elements(op.getX()), dtype(op.getX())},
                       {select.in(op.getX()), select.out(op.getPartial())});
}

LogicalResult lower(KernelSelector &select, ir::GlobalNormOp op) {
  spec::GlobalNorm spec;
  SmallVector<Value> arguments;
  for (Value partial : op.getPartials()) {
    spec.sizes.push_back(elements(partial));
    arguments.push_back(select.in(partial));
  }
  arguments.append(
      {select.in(op.getMaxNorm()), select.out(op.getNorm()), select.out(op.getClip())});
  return select.launch(op, spec, arguments);
}

LogicalResult lower(KernelSelector &select, ir::AdamWOp op) {
  Value parameter = select.buffers.symbol(op.getParameter());
  spec::AdamW spec{elements(op.getGradient()),
                   select.buffers.parameter(op.getParameter()).getDecay(), bool(op.getMaster()),
                   dtypeOf(cast<MemRefType>(parameter.getType()).getElementType()),
                   dtype(op.getGradient())};
  Value master = op.getMaster() ? select.buffers.symbol(*op.getMaster()) : parameter;
  SmallVector<Value> arguments = {select.in(op.getGradient()), select.in(op.getHyper()),
                                  select.in(op.getClip()), master};
  arguments.append(
      {select.buffers.symbol(op.getMoment1()), select.buffers.symbol(op.getMoment2())});
  if (op.getMaster())
    arguments.push_back(op.getUpdated() ? select.out(op.getUpdated()) : parameter);
  return select.launch(op, spec, arguments);
}

} // namespace

void addUpdateKernels(KernelTable &table) {
  table.add<ir::AccumulateGradientOp>(lower);
  table.add<ir::SumOfSquaresOp>(lower);
  table.add<ir::GlobalNormOp>(lower);
  table.add<ir::AdamWOp>(lower);
}

} // namespace step37
