// The order of the passes.
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace step37 {

void buildLocalPipeline(OpPassManager &manager, StringRef gradientType) {
  BuildBackwardPassOptions backward;
  backward.gradientType = gradientType.str();
  manager.addPass(createBuildBackwardPass(backward));
  manager.addPass(createBuildUpdatePass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createVerifyLogicalPass());
  manager.addPass(createPackProjectionsPass());
  manager.addPass(createFuseExpertActivationPass());
  manager.addPass(createFuseResidualNormPass());
  manager.addPass(createFuseLossGradientPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createVerifyLocalPass());
}

void buildMemoryPipeline(OpPassManager &manager) {
  manager.addPass(createPlanMemoryPass());
  manager.addPass(createVerifyPlannedPass());
}

void registerPassesAndPipelines() {
  registerStep37Passes();
  registerCanonicalizerPass();
  PassPipelineRegistration<>("step37-to-local", "logical program to what a rank computes",
                             [](OpPassManager &manager) { buildLocalPipeline(manager, "f32"); });
  PassPipelineRegistration<>("step37-to-planned", "steps on buffers to a plan",
                             buildMemoryPipeline);
}

} // namespace step37
