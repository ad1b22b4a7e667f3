// All passes and the pipelines made of them. What each does is in Passes.td, their order in
// Pipelines.cpp.
#pragma once

#include "dialects/plan/PlanDialect.h"
#include "dialects/step37/Step37Dialect.h"

#include "mlir/Pass/Pass.h"

namespace step37 {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

/// The state of this role that belongs to a parameter is called like this.
std::string stateName(ir::StateRole role, llvm::StringRef parameter);

/// logical program → local program: differentiate, build the optimizer, pack, fuse.
void buildLocalPipeline(mlir::OpPassManager &manager, llvm::StringRef gradientType);

/// steps on buffers → planned.
void buildMemoryPipeline(mlir::OpPassManager &manager);

/// Registers passes and pipelines for step37-opt.
void registerPassesAndPipelines();

} // namespace step37
