// The pass that turns every program of a module into a plan program, and its symbols into buffers.
// The steps of each operation are behind KernelTable.h.
#include "codegen/select/KernelTable.h"
#include "codegen/select/OverflowSteps.h"
#include "codegen/select/ProgramCheck.h"
#include "codegen/select/SelectPasses.h"

#include "passes/Passes.h"

#include "llvm/ADT/StringMap.h"

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
      const OverflowSteps overflow(function);
      for (Operation &op : function.front()) {
        steps.beginOperation(&op, overflow.exchangeOf(&op));
        if (failed(kernels.lower(selector, &op)))
          return signalPassFailure();
      }
    }
    replaceSymbols();
  }

  /// Programs, buffers and parameters of the plan dialect take the place of what they came from.
  void replaceSymbols() {
    ModuleOp module = getOperation();
    llvm::StringMap<ir::StateOp> states;
    for (auto state : module.getOps<ir::StateOp>())
      states[state.getSymName()] = state;
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    for (auto parameter : module.getOps<ir::ParameterOp>()) {
      auto find = [&](ir::StateRole role) {
        return states.lookup(stateName(role, parameter.getSymName()));
      };
      auto state = [&](ir::StateRole role) {
        ir::StateOp found = find(role);
        return found ? FlatSymbolRefAttr::get(found.getSymNameAttr()) : FlatSymbolRefAttr();
      };
      auto axes = [&](ir::StateRole role) {
        ir::StateOp found = find(role);
        return found && found.getPartial() && !found.getPartial()->empty() ? found.getPartialAttr()
                                                                           : ArrayAttr();
      };
      planir::ParameterOp::create(builder, parameter.getLoc(), parameter.getSymName(),
                                  parameter.getTrained(), state(ir::StateRole::Gradient),
                                  state(ir::StateRole::Master), state(ir::StateRole::Moment1),
                                  state(ir::StateRole::Moment2), parameter.getParts(),
                                  axes(ir::StateRole::Gradient), axes(ir::StateRole::Moment1));
    }
    for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
      if (isa<func::FuncOp, ir::ParameterOp, ir::StateOp, ir::CarriedOp>(op))
        op.erase();
  }
};

} // namespace
} // namespace step37
