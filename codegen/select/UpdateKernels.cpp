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
      {.value = select.in(op.getValue()), .beta = select.in(op.getBeta()), .grad = gradient});
}

LogicalResult lower(KernelSelector &select, ir::SumOfSquaresOp op) {
  return select.launch(op, spec::SumOfSquares{elements(op.getX()), dtype(op.getX())},
                       {.x = select.in(op.getX()), .partial = select.out(op.getPartial())});
}

LogicalResult lower(KernelSelector &select, ir::GlobalNormOp op) {
  spec::GlobalNorm spec;
  for (Value partial : op.getPartials())
    spec.sizes.push_back(elements(partial));
  return select.launch(op, spec,
                       {.partials = select.in(op.getPartials()),
                        .max_norm = select.in(op.getMaxNorm()),
                        .norm = select.out(op.getNorm()),
                        .clip = select.out(op.getClip())});
}

LogicalResult lower(KernelSelector &select, ir::AdamWOp op) {
  Value parameter = select.buffers.symbol(op.getParameter());
  spec::AdamW spec{elements(op.getGradient()),
                   select.buffers.parameter(op.getParameter()).getDecay(), bool(op.getMaster()),
                   dtypeOf(cast<MemRefType>(parameter.getType()).getElementType()),
                   dtype(op.getGradient())};
  Value master = op.getMaster() ? select.buffers.symbol(*op.getMaster()) : parameter;
  Value copy = op.getUpdated() ? select.out(op.getUpdated()) : parameter;
  return select.launch(op, spec,
                       {.grad = select.in(op.getGradient()),
                        .learning_rate = select.in(op.getLearningRate()),
                        .beta1 = select.in(op.getBeta1()),
                        .beta2 = select.in(op.getBeta2()),
                        .eps = select.in(op.getEps()),
                        .weight_decay = select.in(op.getWeightDecay()),
                        .correction1 = select.in(op.getCorrection1()),
                        .correction2 = select.in(op.getCorrection2()),
                        .clip = select.in(op.getClip()),
                        .master = master,
                        .m = select.buffers.symbol(op.getMoment1()),
                        .v = select.buffers.symbol(op.getMoment2()),
                        .param = spec.copy ? copy : Value()});
}

} // namespace

void addUpdateKernels(KernelTable &table) {
  table.add<ir::AccumulateGradientOp>(lower);
  table.add<ir::SumOfSquaresOp>(lower);
  table.add<ir::GlobalNormOp>(lower);
  table.add<ir::AdamWOp>(lower);
}

} // namespace step37
