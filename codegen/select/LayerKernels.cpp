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
                       {.ids = select.in(op.getIds()),
                        .table = select.in(op.getTable()),
                        .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::EmbeddingGradOp op) {
  FailureOr<GradientTarget> target = select.accumulated(op, op.getDtable());
  if (failed(target))
    return failure();
  spec::EmbeddingGrad spec{elements(op.getIds()), dim(op.getDtable(), 0), dim(op.getDtable(), 1),
                           dtype(op.getDout()), dtype(op.getDtable())};
  return select.launch(op, spec,
                       {.ids = select.in(op.getIds()),
                        .dy = select.in(op.getDout()),
                        .beta = target->beta,
                        .dtable = target->gradient,
                        .workspace = select.workspaceOf(op, spec)});
}

LogicalResult lower(KernelSelector &select, ir::RmsNormOp op) {
  spec::RmsNorm spec{dim(op.getY(), 0),   dim(op.getY(), 1), int64_t(op.getAddends().size()),
                     number(op.getEps()), dtype(op.getY()),  number(op.getWeightOffset())};
  return select.launch(op, spec,
                       {.addend = select.in(op.getAddends()),
                        .weight = select.in(op.getWeight()),
                        .sum = select.outIfAny(op.getSum()),
                        .y = select.out(op.getY()),
                        .inverse_rms = select.out(op.getInverseRms())});
}

LogicalResult lower(KernelSelector &select, ir::RmsNormGradOp op) {
  auto target = select.accumulatedIfAny(op, op.getDweight());
  if (failed(target))
    return failure();
  spec::RmsNormGrad spec;
  spec.rows = dim(op.getDy(), 0);
  spec.cols = dim(op.getDy(), 1);
  spec.residuals = int64_t(op.getResiduals().size());
  spec.eps = number(op.getEps());
  spec.weight_offset = number(op.getWeightOffset());
  spec.type = dtype(op.getDy());
  spec.frozen = !target->has_value();
  if (!spec.frozen)
    spec.grad_type = dtype(op.getDweight());
  const GradientTarget dweight = target->value_or(GradientTarget());
  return select.launch(op, spec,
                       {.dy = select.in(op.getDy()),
                        .x = select.in(op.getX()),
                        .weight = select.in(op.getWeight()),
                        .inverse_rms = select.in(op.getInverseRms()),
                        .residual = select.in(op.getResiduals()),
                        .beta = dweight.beta,
                        .dx = select.out(op.getDx()),
                        .dweight = dweight.gradient,
                        .workspace = select.workspaceOf(op, spec)});
}

LogicalResult lower(KernelSelector &select, ir::AddOp op) {
  return select.launch(
      op, spec::Add{elements(op.getSum()), int64_t(op.getValues().size()), dtype(op.getSum())},
      {.addend = select.in(op.getValues()), .out = select.out(op.getSum())});
}

LogicalResult lower(KernelSelector &select, ir::MatmulOp op) {
  std::optional<GradientTarget> target = select.buffers.takeGradientTarget(op.getC());
  Value c = target ? target->gradient : select.out(op.getC());
  select.products.product(op.getLoc(), {.a = select.in(op.getA()),
                                        .b = select.in(op.getB()),
                                        .c = c,
                                        .beta = target ? target->beta : Value(),
                                        .transposeA = op.getTransposeA(),
                                        .transposeB = op.getTransposeB()});
  return success();
}

LogicalResult lower(KernelSelector &select, ir::SwigluOp op) {
  Value gate = select.in(op.getGate()), up = select.in(op.getUp());
  spec::Swiglu spec{dim(op.getOut(), 0), dim(op.getOut(), 1),   select.strideOf(gate),
                    select.strideOf(up), number(op.getLimit()), clampOf(op.getClamp()),
                    dtype(op.getOut())};
  return select.launch(op, spec, {.gate = gate, .up = up, .out = select.out(op.getOut())});
}

LogicalResult lower(KernelSelector &select, ir::SwigluGradOp op) {
  Value gate = select.in(op.getGate()), up = select.in(op.getUp()),
        dgate = select.out(op.getDgate()), dup = select.out(op.getDup());
  spec::SwigluGrad spec{dim(op.getDout(), 0),  dim(op.getDout(), 1),   select.strideOf(gate),
                        select.strideOf(up),   select.strideOf(dgate), select.strideOf(dup),
                        number(op.getLimit()), clampOf(op.getClamp()), dtype(op.getDout())};
  return select.launch(
      op, spec,
      {.dout = select.in(op.getDout()), .gate = gate, .up = up, .dgate = dgate, .dup = dup});
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
