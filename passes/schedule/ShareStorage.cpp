// Fewer temporaries: those without a use go, and results take over the storage of arguments that
// die. Before steps are moved or put on streams: what shares storage depends on each other.
#include "dialects/plan/StepOrder.h"
#include "passes/Passes.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_SHARESTORAGEPASS
#include "passes/Passes.h.inc"

namespace {

void dropUnused(planir::ProgramOp program) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(program.getBody().front())))
    if (isa<planir::ViewOp, planir::TemporaryOp>(op) && op.use_empty())
      op.erase();
}

/// How many operands of a step lie in this buffer.
int64_t mentions(Operation *step, Value buffer) {
  return llvm::count_if(step->getOperands(),
                        [&](Value operand) { return planir::originOf(operand).buffer == buffer; });
}

/// Returns how many results took over an argument's storage.
int64_t shareStorage(planir::ProgramOp program, SymbolTable &symbols) {
  SmallVector<Operation *> steps;
  for (Operation &op : program.getBody().front())
    if (planir::isStep(&op))
      steps.push_back(&op);
  DenseMap<Value, int64_t> lastUse, firstUse;
  for (auto [number, step] : llvm::enumerate(steps))
    for (Value operand : step->getOperands()) {
      Value buffer = planir::originOf(operand).buffer;
      lastUse[buffer] = number;
      firstUse.try_emplace(buffer, number);
    }
  int64_t shared = 0;
  for (auto [number, step] : llvm::enumerate(steps)) {
    planir::KernelOp kernel = planir::kernelOf(step, symbols);
    for (int64_t index = 0, count = step->getNumOperands(); index < count; ++index) {
      int64_t source = cast<planir::ArgumentAttr>(kernel.getArguments()[index]).getInPlaceOf();
      if (source < 0)
        continue;
      Value result = step->getOperand(index), operand = step->getOperand(source);
      // Both must be whole temporaries of one type, the operand's used here only and for the last
      // time.
      auto written = result.getDefiningOp<planir::TemporaryOp>();
      bool taken = written && operand.getDefiningOp<planir::TemporaryOp>() && result != operand &&
                   result.getType() == operand.getType() && lastUse[operand] == int64_t(number) &&
                   firstUse[result] == int64_t(number) && mentions(step, operand) == 1 &&
                   mentions(step, result) == 1;
      if (!taken)
        continue;
      lastUse[operand] = lastUse[result];
      result.replaceAllUsesWith(operand);
      written.erase();
      ++shared;
    }
  }
  return shared;
}

struct ShareStoragePass : impl::ShareStoragePassBase<ShareStoragePass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto program : getOperation().getOps<planir::ProgramOp>()) {
      dropUnused(program);
      inPlace += shareStorage(program, symbols);
    }
  }
};

} // namespace
} // namespace step37
