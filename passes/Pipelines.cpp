// The order of the passes.
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace step37 {

void buildShardPipeline(OpPassManager &manager, const LocalPipelineOptions &options) {
  BuildBackwardPassOptions backward;
  backward.gradientType = options.gradientType;
  manager.addPass(createBuildBackwardPass(backward));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createVerifyLogicalPass());
  manager.addPass(createFuseLossGradientPass());
  if (options.exchangeExperts)
    manager.addPass(createExchangeExpertsPass());
  AssignShardingPassOptions assign;
  llvm::append_range(assign.axes, options.axes);
  llvm::append_range(assign.dims, options.dims);
  manager.addPass(createAssignShardingPass(assign));
  PartitionPassOptions partition;
  llvm::append_range(partition.tokenAxes, options.tokenAxes);
  partition.expertRows = options.expertRows;
  manager.addPass(createPartitionPass(partition));
  manager.addPass(createPackProjectionsPass());
}

void buildFusePipeline(OpPassManager &manager, const LocalPipelineOptions &options) {
  manager.addPass(createRecomputeActivationsPass(
      RecomputeActivationsPassOptions{options.recompute, options.savedBytes}));
  manager.addPass(createFuseExpertActivationPass());
  manager.addPass(createFuseResidualNormPass());
  BuildUpdatePassOptions update;
  update.splitState = options.splitState;
  update.optimizer = options.optimizer;
  manager.addPass(createBuildUpdatePass(update));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createVerifyLocalPass());
}

void buildLocalPipeline(OpPassManager &manager, const LocalPipelineOptions &options) {
  buildShardPipeline(manager, options);
  buildFusePipeline(manager, options);
}

void buildMemoryPipeline(OpPassManager &manager) {
  manager.addPass(createJoinProgramsPass());
  manager.addPass(createShareStoragePass());
  manager.addPass(createScheduleExchangePass());
  manager.addPass(createPlanMemoryPass());
  manager.addPass(createVerifyPlannedPass());
}

void registerPassesAndPipelines() {
  registerStep37Passes();
  registerCanonicalizerPass();
  PassPipelineRegistration<>("step37-to-local", "logical program to what a rank computes",
                             [](OpPassManager &manager) { buildLocalPipeline(manager, {}); });
  PassPipelineRegistration<>("step37-to-planned", "steps on buffers to a plan",
                             buildMemoryPipeline);
}

} // namespace step37
