// Steps of embeddings, norms, sums, products and the gated activation.
#include "codegen/select/KernelTable.h"
#include "codegen/select/SpecAttributes.h"

using namespace mlir;

namespace step37 {
namespace {

LogicalResult lower(KernelSelector &select, ir::EmbeddingOp op) {
  return select.launch(op,
                       spec::Embedding{elements(op.getIds()), dim(op.getTable(), 0),
                                       dim(op.getTable(), 1), dtype(op.getTable())},
                       {select.in(op.getIds()), select.in(op.getTable()), select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::EmbeddingGradOp op) {
  FailureOr<GradientTarget> target = select.accumulated(op, op.getDtable());
  if (failed(target))
    return failure();
  spec::EmbeddingGrad spec{elements(op.getIds()), dim(op.getDtable(), 0), dim(op.getDtable(), 1),
                           dtype(op.getDout()), dtype(op.getDtable())};
  return select.launch(op, spec,
                       {select.in(op.getIds()), select.in(op.getDout()), target->beta,
                        target->gradient, select.workspaceOf(op, spec)});
}

LogicalResult lower(KernelSelector &select, ir::RmsNormOp op) {
  if (failed(requireOffsetOne(op)))
    return failure();
  spec::RmsNorm spec{dim(op.getY(), 0), dim(op.getY(), 1), int64_t(op.getAddends().size()),
                     number(op.getEps()), dtype(op.getY())};
  SmallVector<Value> arguments;
  for (Value addend : op.getAddends())
    arguments.push_back(select.in(addend));
  arguments.push_back(select.in(op.getWeight()));
  if (op.getSum())
    arguments.push_back(select.out(op.getSum()));
  arguments.append({select.out(op.getY()), select.out(op.getInverseRms())});
  return select.launch(op, spec, arguments);
}

LogicalResult lower(KernelSelector &select, ir::RmsNormGradOp op) {
  if (failed(requireOffsetOne(op)))
    return failure();
  auto target = select.accumulatedIfAny(op, op.getDweight());
  if (failed(target))
    return failure();
  spec::RmsNormGrad spec;
  spec.rows = dim(op.getDy(), 0);
  spec.cols = dim(op.getDy(), 1);
  spec.residuals = int64_t(op.getResiduals().size());
  spec.eps = number(op.getEps());
  spec.type = dtype(op.getDy());
  spec.frozen = !target->has_value();
  if (!spec.frozen)
    spec.grad_type = dtype(op.getDweight());
  SmallVector<Value> arguments = {select.in(op.getDy()), select.in(op.getX()),
                                  select.in(op.getWeight()), select.in(op.getInverseRms())};
  for (Value residual : op.getResiduals())
    arguments.push_back(select.in(residual));
  Value dx = select.out(op.getDx());
  if (spec.frozen)
    arguments.push_back(dx);
  else
    arguments.append({(*target)->beta, dx, (*target)->gradient, select.workspaceOf(op, spec)});
  return select.launch(op, spec, arguments);
}

LogicalResult lower(KernelSelector &select, ir::AddOp op) {
  SmallVector<Value> arguments;
  for (Value value : op.getValues())
    arguments.push_back(select.in(value));
  arguments.push_back(select.out(op.getSum()));
  return select.launch(
      op, spec::Add{elements(op.getSum()), int64_t(op.getValues().size()), dtype(op.getSum())},
      arguments);
}

LogicalResult lower(KernelSelector &select, ir::MatmulOp op) {
  std::optional<GradientTarget> target = select.buffers.takeGradientTarget(op.getC());
  Value c = target ? target->gradient : select.out(op.getC());
  select.products.product(op.getLoc(), select.in(op.getA()), select.in(op.getB()), c,
                          op.getTransposeA(), op.getTransposeB(), target ? target->beta : Value());
  return success();
}

LogicalResult lower(KernelSelector &select, ir::SwigluOp op) {
  Value gate = select.in(op.getGate()), up = select.in(op.getUp());
  spec::Swiglu spec{dim(op.getOut(), 0), dim(op.getOut(), 1),   select.strideOf(gate),
                    select.strideOf(up), number(op.getLimit()), clampOf(op.getClamp()),
                    dtype(op.getOut())};
  return select.launch(op, spec, {gate, up, select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::SwigluGradOp op) {
  Value gate = select.in(op.getGate()), up = select.in(op.getUp()),
        dgate = select.out(op.getDgate()), dup = select.out(op.getDup());
  spec::SwigluGrad spec{dim(op.getDout(), 0),  dim(op.getDout(), 1),   select.strideOf(gate),
                        select.strideOf(up),   select.strideOf(dgate), select.strideOf(dup),
                        number(op.getLimit()), clampOf(op.getClamp()), dtype(op.getDout())};
  return select.launch(op, spec, {select.in(op.getDout()), gate, up, dgate, dup});
}

} // namespace

void addLayerKernels(KernelTable &table) {
  table.add<ir::EmbeddingOp>(lower);
  table.add<ir::EmbeddingGradOp>(lower);
  table.add<ir::RmsNormOp>(lower);
  table.add<ir::RmsNormGradOp>(lower);
  table.add<ir::AddOp>(lower);
  table.add<ir::MatmulOp>(lower);
  table.add<ir::SwigluOp>(lower);
  table.add<ir::SwigluGradOp>(lower);
}

} // namespace step37
