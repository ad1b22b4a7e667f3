// Prints a planned module into the plan's structs. Every decision was made before; nothing is
// chosen here.
#pragma once

#include "dialects/plan/PlanDialect.h"
#include "runtime/plan/Plan.h"

namespace step37 {

/// The target that a planned module describes.
plan::Target emitTarget(mlir::ModuleOp module, llvm::StringRef name);

/// The parameters of a planned module; the same for every target.
std::vector<plan::Parameter> emitParameters(mlir::ModuleOp module);

} // namespace step37
