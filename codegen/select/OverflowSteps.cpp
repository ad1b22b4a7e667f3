#include "codegen/select/OverflowSteps.h"

using namespace mlir;

namespace step37 {
namespace {

/// Part of a value, or several next to each other: no step of its own.
bool isView(Operation *op) { return isa<tensor::ExtractSliceOp, tensor::ConcatOp>(op); }

} // namespace

OverflowSteps::OverflowSteps(func::FuncOp function) {
  // What is made of rows that are sent.
  for (Operation &op : function.front()) {
    if (!op.hasAttr(ir::overflowAttribute) && !isView(&op))
      continue;
    if (auto send = dyn_cast<ir::CountedSendOp>(op))
      exchanges[&op] = send;
    else if (!isa<ir::CountedReturnOp>(op))
      for (Value operand : op.getOperands())
        if (Operation *producer = operand.getDefiningOp())
          if (ir::CountedSendOp send = exchanges.lookup(producer))
            exchanges[&op] = send;
  }
  // Of it, what only such operations see; what returns takes the rows that there are.
  for (Operation &op : llvm::reverse(function.front()))
    if (exchanges.contains(&op) && !isa<ir::CountedSendOp>(op) &&
        !llvm::all_of(op.getUsers(), [&](Operation *user) {
          return isa<ir::CountedReturnOp>(user) || exchanges.contains(user);
        }))
      exchanges.erase(&op);
}

ir::CountedSendOp OverflowSteps::exchangeOf(Operation *op) const {
  ir::CountedSendOp send = exchanges.lookup(op);
  return send == op ? nullptr : send;
}

} // namespace step37
