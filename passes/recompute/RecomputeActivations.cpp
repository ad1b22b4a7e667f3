// Computes activations again in the backward program instead of keeping them. Which ones is chosen
// in passes/recompute; here the program changes. Runs on what a rank computes, before residual
// additions are fused into norms: a norm is then computed again from the residual stream.
#include "passes/Passes.h"

#include "passes/recompute/SavedValues.h"
#include "passes/recompute/Selection.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_RECOMPUTEACTIVATIONSPASS
#include "passes/Passes.h.inc"

namespace {

class Recomputation {
public:
  Recomputation(func::FuncOp program, const DenseSet<Value> &dropped) : dropped(dropped) {
    for (Operation &op : program.front())
      if (ir::isBackward(&op))
        backward.push_back(&op);
  }

  void run() {
    for (Operation *op : backward)
      for (OpOperand &operand : op->getOpOperands())
        if (Value again = computedAgain(operand.get(), op))
          operand.set(again);
  }

private:
  /// Whether the value is not kept: it, or what it is a view of, is computed again.
  bool isDropped(Value value) {
    Value kept = keptFor(value);
    return kept && dropped.contains(kept);
  }

  /// The value computed again before `user`, or null where it is kept.
  Value computedAgain(Value value, Operation *user) {
    if (Value known = again.lookup(value))
      return known;
    if (!isDropped(value))
      return Value();
    Operation *producer = value.getDefiningOp();
    IRMapping mapping;
    for (Value operand : producer->getOperands())
      if (Value earlier = computedAgain(operand, user))
        mapping.map(operand, earlier);
    OpBuilder builder(user);
    Operation *clone = builder.clone(*producer, mapping);
    clone->setLoc(ir::recomputedOf(producer->getLoc()));
    for (auto [result, computed] : llvm::zip(producer->getResults(), clone->getResults()))
      again[result] = computed;
    return again.lookup(value);
  }

  const DenseSet<Value> &dropped;
  SmallVector<Operation *> backward;
  DenseMap<Value, Value> again;
};

struct RecomputeActivationsPass : impl::RecomputeActivationsPassBase<RecomputeActivationsPass> {
  using RecomputeActivationsPassBase::RecomputeActivationsPassBase;

  void runOnOperation() override {
    std::optional<RecomputeMode> chosen = parseRecomputeMode(mode);
    if (!chosen) {
      getOperation().emitError() << "mode must be none, selective, full or budget, not '" << mode
                                 << "'";
      return signalPassFailure();
    }
    for (auto program : getOperation().getOps<func::FuncOp>())
      Recomputation(program, valuesComputedAgain(program, *chosen, savedBytes)).run();
  }
};

} // namespace
} // namespace step37
