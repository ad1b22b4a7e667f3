// Which operations only work on rows of experts beyond the usual ones, that a counted exchange
// brings: their steps are left out where it brings none.
#pragma once

#include "dialects/step37/Step37Dialect.h"

#include "llvm/ADT/DenseMap.h"

namespace step37 {

class OverflowSteps {
public:
  explicit OverflowSteps(mlir::func::FuncOp function);

  /// The exchange that brings the rows that an operation works on and nobody else sees; null for
  /// one that is always there.
  ir::CountedSendOp exchangeOf(mlir::Operation *op) const;

private:
  llvm::DenseMap<mlir::Operation *, ir::CountedSendOp> exchanges;
};

} // namespace step37
