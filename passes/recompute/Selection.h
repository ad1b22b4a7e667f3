// Which values of the forward part are computed again in the backward part instead of being kept.
// What that changes in the program is passes/recompute/RecomputeActivations.cpp.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

#include <optional>

namespace step37 {

/// none: only what operations marked as overflow give, and cheap values that only these read again.
/// selective: also wide results of operations
/// that neither multiply nor exchange. full: also everything else that the forward part does not
/// use outside of its own block of the model. budget: of what full computes again, the cheapest for
/// its bytes, until what is kept fits.
enum class RecomputeMode : uint8_t { none, selective, full, budget };

/// By its name; nothing for an unknown one.
std::optional<RecomputeMode> parseRecomputeMode(llvm::StringRef name);

/// The values. `savedBytes`, of the mode budget: what may be kept.
llvm::DenseSet<mlir::Value> valuesComputedAgain(mlir::func::FuncOp program, RecomputeMode mode,
                                                int64_t savedBytes);

} // namespace step37
