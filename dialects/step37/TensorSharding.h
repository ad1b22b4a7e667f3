// Sharding rules of the upstream tensor operations that programs are made of besides step37 ones.
#pragma once

#include "mlir/IR/MLIRContext.h"

namespace step37::ir {

/// The tensor dialect must be loaded.
void attachTensorSharding(mlir::MLIRContext &context);

} // namespace step37::ir
