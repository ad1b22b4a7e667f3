// How the contracts' checks say what is wrong.
#pragma once

#include "mlir/IR/Operation.h"

namespace step37 {

/// An error at `op`: "breaks C1 of the local contract: …".
inline mlir::LogicalResult breach(mlir::Operation *op, llvm::StringRef contract,
                                  llvm::StringRef constraint, const llvm::Twine &message) {
  return op->emitError() << "breaks " << constraint << " of the " << contract
                         << " contract: " << message;
}

} // namespace step37
