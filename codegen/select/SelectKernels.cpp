// The pass that turns every program of a module into a plan program, and its symbols into buffers.
// The steps of each operation are behind KernelTable.h.
#include "codegen/select/KernelTable.h"
#include "codegen/select/ProgramCheck.h"
#include "codegen/select/SelectPasses.h"

#include "passes/Passes.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "codegen/select/SelectPasses.h.inc"

namespace {

struct SelectKernelsPass : impl::SelectKernelsPassBase<SelectKernelsPass> {
  using SelectKernelsPassBase::SelectKernelsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::unique_ptr<TargetPolicy> policy = TargetPolicy::create(target);
    if (!policy) {
      module.emitError() << "this build has no target '" << target << "'";
      return signalPassFailure();
    }
    if (failed(checkPrograms(module)))
      return signalPassFailure();
    StepBuilder steps(module, [&](const spec::KernelSpec &spec) { return policy->choose(spec); });
    BufferAssignment buffers(module, steps);
    buffers.declareSymbols();
    const KernelTable kernels;
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      steps.beginProgram(function.getSymName(), function.getLoc());
      buffers.beginProgram(function);
      KernelSelector selector(*policy, steps, buffers);
      for (Operation &op : function.front())
        if (failed(kernels.lower(selector, &op)))
          return signalPassFailure();
    }
    replaceSymbols();
  }

  /// Programs, buffers and parameters of the plan dialect take the place of what they came from.
  void replaceSymbols() {
    ModuleOp module = getOperation();
    llvm::StringSet<> states;
    for (auto state : module.getOps<ir::StateOp>())
      states.insert(state.getSymName());
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    for (auto parameter : module.getOps<ir::ParameterOp>()) {
      auto state = [&](ir::StateRole role) {
        std::string name = stateName(role, parameter.getSymName());
        return states.contains(name) ? FlatSymbolRefAttr::get(&getContext(), name)
                                     : FlatSymbolRefAttr();
      };
      planir::ParameterOp::create(builder, parameter.getLoc(), parameter.getSymName(),
                                  parameter.getTrained(), state(ir::StateRole::Gradient),
                                  state(ir::StateRole::Master), state(ir::StateRole::Moment1),
                                  state(ir::StateRole::Moment2), parameter.getParts());
    }
    for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
      if (isa<func::FuncOp, ir::ParameterOp, ir::StateOp, ir::CarriedOp>(op))
        op.erase();
  }
};

} // namespace
} // namespace step37
