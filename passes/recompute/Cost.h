// What it takes to compute a value again, and to keep it: what the choice between the two weighs.
#pragma once

#include "mlir/IR/Operation.h"

namespace step37 {

/// Bytes of a tensor.
int64_t bytesOf(mlir::Value tensor);

/// What an operation does on a rank.
struct Cost {
  int64_t productFlops = 0; // of its products, a multiplication and an addition as two
  int64_t sentBytes = 0;    // to other ranks
  int64_t movedBytes = 0;   // its operands and results

  /// All of it as operations that could be done meanwhile.
  double inFlops() const;
};

Cost costOf(mlir::Operation *op);

} // namespace step37
