#include "passes/recompute/SavedValues.h"

#include "dialects/step37/Step37Dialect.h"

using namespace mlir;

namespace step37 {

bool isView(Operation *op) { return isa<tensor::ExtractSliceOp>(op); }

Value keptFor(Value value) {
  Operation *producer = value.getDefiningOp();
  if (!producer || ir::isBackward(producer) || !isMemoryEffectFree(producer))
    return Value();
  return isView(producer) ? keptFor(producer->getOperand(0)) : value;
}

llvm::SetVector<Value> savedValues(func::FuncOp program) {
  DenseSet<Value> read;
  for (Operation &op : program.front())
    if (ir::isBackward(&op))
      for (Value operand : op.getOperands())
        if (Value kept = keptFor(operand))
          read.insert(kept);
  llvm::SetVector<Value> saved;
  for (Operation &op : program.front())
    for (Value result : op.getResults())
      if (read.contains(result))
        saved.insert(result);
  return saved;
}

} // namespace step37
