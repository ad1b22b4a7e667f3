// What the vector-Jacobian products of the operations share (Step37Vjp.cpp, VisionVjp.cpp).
#pragma once

#include "dialects/step37/Step37Dialect.h"

namespace step37::ir {

/// The type asked for an operand's gradient, or the operand's own where the gradient comes along
/// anyway.
inline mlir::Type gradientType(mlir::Type asked, mlir::Value operand) {
  return asked ? asked : operand.getType();
}

/// Fails unless gradients reach exactly the first `count` results: the formulas know no others.
mlir::LogicalResult expectFirst(mlir::Operation *op, mlir::ArrayRef<mlir::Value> resultGradients,
                                size_t count = 1);

} // namespace step37::ir
