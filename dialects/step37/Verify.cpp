#include "dialects/step37/Verify.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace step37::ir {

LogicalResult require(Operation *op, bool holds, StringRef constraint, const Twine &message) {
  if (holds)
    return success();
  return op->emitOpError() << "violates " << constraint << ": " << message;
}

bool areAxes(ArrayAttr axes) {
  llvm::StringSet<> seen;
  return !axes.empty() && llvm::all_of(axes.getAsRange<StringAttr>(), [&](StringAttr axis) {
    return seen.insert(axis.getValue()).second;
  });
}

bool sameType(Value reference, ValueRange others) {
  return llvm::all_of(others, [&](Value other) { return other.getType() == reference.getType(); });
}

bool sameElement(Value reference, ValueRange others) {
  return llvm::all_of(others, [&](Value other) { return element(other) == element(reference); });
}

} // namespace step37::ir
