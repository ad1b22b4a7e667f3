// The pass that lowers step37 to plan.
#ifndef STEP37_SELECT_PASSES_TD
#define STEP37_SELECT_PASSES_TD

include "mlir/Pass/PassBase.td"

def SelectKernelsPass : Pass<"step37-select-kernels", "::mlir::ModuleOp"> {
  let summary = "Lower what a rank computes to steps on buffers, and choose their kernels.";
  let description = [{
    Every operation becomes launches of kernels with typed specs. Values become buffers: results of the
    program outputs, slices and concatenations views, gradients that are only accumulated the gradient
    itself. Takes the local contract; memory is planned afterwards.

    No step copies, so a value has one place; what that asks of a program is in ProgramCheck.h (P1 to P5).
  }];
  let options = [Option<"target", "target", "std::string", "\"host\"", "host">];
  let dependentDialects = ["::step37::planir::PlanDialect"];
}

#endif
