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
    llvm::StringMap<ir::StateOp> gradients;              // by parameter
    llvm::StringMap<SmallVector<ir::StateOp>> optimizer; // likewise, in the module's order
    for (auto state : module.getOps<ir::StateOp>()) {
      if (state.getRole() == ir::StateRole::Gradient)
        gradients[*state.getOf()] = state;
      if (state.getRole() == ir::StateRole::Optimizer)
        optimizer[*state.getOf()].push_back(state);
    }
    auto axes = [](ir::StateOp state) {
      bool some = state && state.getPartial() && !state.getPartial()->empty();
      return some ? state.getPartialAttr() : ArrayAttr();
    };
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    for (auto parameter : module.getOps<ir::ParameterOp>()) {
      ir::StateOp gradient = gradients.lookup(parameter.getSymName());
      SmallVector<Attribute> states;
      ArrayAttr split;
      for (ir::StateOp state : optimizer[parameter.getSymName()]) {
        states.push_back(planir::StateAttr::get(&getContext(), *state.getSlot(),
                                                FlatSymbolRefAttr::get(state.getSymNameAttr())));
        split = axes(state);
      }
      planir::ParameterOp::create(
          builder, parameter.getLoc(), parameter.getSymName(), parameter.getTrained(),
          gradient ? FlatSymbolRefAttr::get(gradient.getSymNameAttr()) : FlatSymbolRefAttr(),
          builder.getArrayAttr(states), parameter.getParts(), axes(gradient), split);
    }
    for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
      if (isa<func::FuncOp, ir::ParameterOp, ir::StateOp, ir::CarriedOp>(op))
        op.erase();
  }
};

} // namespace
} // namespace step37
