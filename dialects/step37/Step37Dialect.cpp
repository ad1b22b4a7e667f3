// Registration of the step37 dialect and its generated definitions.
#include "dialects/step37/Step37Dialect.h"

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

mlir::Location backwardOf(mlir::Location forward) {
  auto path = mlir::dyn_cast<mlir::NameLoc>(forward);
  if (!path)
    return forward;
  auto phase = mlir::NameLoc::get(mlir::StringAttr::get(forward.getContext(), "backward"));
  return mlir::NameLoc::get(path.getName(), phase);
}

bool isBackward(mlir::Operation *op) {
  auto path = mlir::dyn_cast<mlir::NameLoc>(op->getLoc());
  auto phase = path ? mlir::dyn_cast<mlir::NameLoc>(path.getChildLoc()) : mlir::NameLoc();
  return phase && phase.getName() == "backward";
}

void Step37Dialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/step37/Step37Attributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/step37/Step37Ops.cpp.inc"
      >();
}

} // namespace step37::ir
