// All passes and the pipelines made of them. What each does is in Passes.td, their order in
// Pipelines.cpp.
#pragma once

#include "dialects/plan/PlanDialect.h"
#include "dialects/step37/Step37Dialect.h"

#include "mlir/Pass/Pass.h"

#include <string>
#include <vector>

namespace step37 {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

/// How the local program is to be made; without axes for one rank.
struct LocalPipelineOptions {
  std::string gradientType = "f32";   // storage of gradients: f32 or bf16
  std::vector<std::string> axes;      // of step37-assign-sharding
  std::vector<std::string> dims;      // of step37-assign-sharding
  std::vector<std::string> tokenAxes; // of step37-partition
  double expertRows = 2;              // of step37-partition
  bool exchangeExperts = false;       // whether step37-exchange-experts runs
  std::string recompute = "none";     // of step37-recompute-activations
  int64_t savedBytes = 0;             // of the same: its mode budget
  bool splitState = true;             // of step37-build-update
  std::string optimizer = "adamw";    // of the same
};

/// logical program → local program: both halves below.
void buildLocalPipeline(mlir::OpPassManager &manager, const LocalPipelineOptions &options);

/// Differentiate, cut into what a rank computes, pack: all before what is kept for the backward
/// program is chosen.
void buildShardPipeline(mlir::OpPassManager &manager, const LocalPipelineOptions &options);

/// Choose it, fuse, build the optimizer.
void buildFusePipeline(mlir::OpPassManager &manager, const LocalPipelineOptions &options);

/// steps on buffers → planned.
void buildMemoryPipeline(mlir::OpPassManager &manager);

/// Registers passes and pipelines for step37-opt.
void registerPassesAndPipelines();

} // namespace step37
