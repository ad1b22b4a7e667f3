// What the verifiers of the step37 dialect share. The constraint numbers are those of the
// operations' descriptions; test/dialects/step37-invalid.mlir has a case for each. One file a
// topic.
#pragma once

#include "dialects/step37/Step37Dialect.h"

namespace step37::ir {

using Shape = llvm::ArrayRef<int64_t>;

inline Shape shape(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
}
inline mlir::Type element(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}
inline int64_t rows(mlir::Value value) { return shape(value)[0]; }
inline int64_t cols(mlir::Value value) { return shape(value)[1]; }

/// Success if the constraint holds, else an error at `op` that gives its number.
mlir::LogicalResult require(mlir::Operation *op, bool holds, llvm::StringRef constraint,
                            const llvm::Twine &message);

/// Whether a list of mesh axes has at least one, and each once.
bool areAxes(mlir::ArrayAttr axes);

bool sameType(mlir::Value reference, mlir::ValueRange others);
bool sameElement(mlir::Value reference, mlir::ValueRange others);

} // namespace step37::ir
