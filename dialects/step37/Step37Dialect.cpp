// Registration of the step37 dialect and its generated definitions.
#include "dialects/step37/Step37Dialect.h"

#include "dialects/step37/TensorSharding.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include <limits>

#include "dialects/step37/Step37Dialect.cpp.inc"
#include "dialects/step37/Step37Enums.cpp.inc"

#include "dialects/step37/Step37Interfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/step37/Step37Attributes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/step37/Step37Ops.cpp.inc"

namespace step37::ir {

bool hasSizes(mlir::RankedTensorType type) {
  int64_t room = std::numeric_limits<int64_t>::max() / 64;
  for (int64_t size : type.getShape()) {
    if (size <= 0) // also what is unknown
      return false;
    room /= size;
  }
  return room > 0;
}

namespace {

mlir::Location inPhase(mlir::Location location, llvm::StringRef phase) {
  auto path = mlir::dyn_cast<mlir::NameLoc>(location);
  if (!path)
    return location;
  auto name = mlir::StringAttr::get(location.getContext(), phase);
  return mlir::NameLoc::get(path.getName(), mlir::NameLoc::get(name));
}

/// Empty in the forward program.
llvm::StringRef phaseOf(mlir::Operation *op) {
  auto path = mlir::dyn_cast<mlir::NameLoc>(op->getLoc());
  auto phase = path ? mlir::dyn_cast<mlir::NameLoc>(path.getChildLoc()) : mlir::NameLoc();
  return phase ? phase.getName().getValue() : llvm::StringRef();
}

constexpr llvm::StringLiteral backwardPhase = "backward", recomputePhase = "recompute";

} // namespace

mlir::Location backwardOf(mlir::Location forward) { return inPhase(forward, backwardPhase); }
mlir::Location recomputedOf(mlir::Location forward) { return inPhase(forward, recomputePhase); }

bool isBackward(mlir::Operation *op) {
  llvm::StringRef phase = phaseOf(op);
  return phase == backwardPhase || phase == recomputePhase;
}
bool isRecomputed(mlir::Operation *op) { return phaseOf(op) == recomputePhase; }

void Step37Dialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/step37/Step37Attributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/step37/Step37Ops.cpp.inc"
      >();
  attachTensorSharding(*getContext());
}

} // namespace step37::ir
