// The pass that lowers step37 to plan. Memory planning and contracts are in passes/.
#pragma once

#include "dialects/plan/PlanDialect.h"
#include "dialects/step37/Step37Dialect.h"

#include "mlir/Pass/Pass.h"

namespace step37 {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "codegen/select/SelectPasses.h.inc"

} // namespace step37
