#include "dialects/step37/Verify.h"

using namespace mlir;

namespace step37::ir {

LogicalResult require(Operation *op, bool holds, StringRef constraint, const Twine &message) {
  if (holds)
    return success();
  return op->emitOpError() << "violates " << constraint << ": " << message;
}

bool sameType(Value reference, ValueRange others) {
  return llvm::all_of(others, [&](Value other) { return other.getType() == reference.getType(); });
}

bool sameElement(Value reference, ValueRange others) {
  return llvm::all_of(others, [&](Value other) { return element(other) == element(reference); });
}

} // namespace step37::ir
