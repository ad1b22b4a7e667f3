#include "codegen/emit/EmitActivations.h"

#include "codegen/select/SpecAttributes.h"
#include "dialects/step37/Step37Dialect.h"
#include "passes/recompute/Cost.h"
#include "passes/recompute/SavedValues.h"

using namespace mlir;

namespace step37 {
namespace {

std::string originOf(Operation *op) {
  auto path = dyn_cast<NameLoc>(op->getLoc());
  return path ? path.getName().str() : std::string();
}

std::string nameOf(Operation *op) { return op->getName().stripDialect().str(); }

plan::SavedActivation savedActivation(Value value) {
  Operation *op = value.getDefiningOp();
  auto type = cast<RankedTensorType>(value.getType());
  return {originOf(op), nameOf(op), dtypeOf(type.getElementType()), type.getShape().vec()};
}

plan::RecomputedActivation recomputedActivation(Operation *op) {
  Cost cost = costOf(op);
  plan::RecomputedActivation results{originOf(op), nameOf(op)};
  for (Value result : op->getResults())
    results.bytes += bytesOf(result);
  results.flops = cost.productFlops;
  results.sent_bytes = cost.sentBytes;
  results.overflow = op->hasAttr(ir::overflowAttribute);
  return results;
}

} // namespace

plan::Activations emitActivations(ModuleOp module) {
  plan::Activations activations;
  for (auto program : module.getOps<func::FuncOp>()) {
    for (Value value : savedValues(program))
      activations.saved.push_back(savedActivation(value));
    for (Operation &op : program.front())
      if (ir::isRecomputed(&op) && !isView(&op))
        activations.recomputed.push_back(recomputedActivation(&op));
  }
  return activations;
}

} // namespace step37
