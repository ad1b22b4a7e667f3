// What a local program keeps for its backward part and what it computes again there, as the plan
// says it. Nothing is chosen here: passes/recompute did.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "runtime/plan/Plan.h"

namespace step37 {

/// Both lists, in the order of the program.
plan::Activations emitActivations(mlir::ModuleOp module);

} // namespace step37
