// The three contracts between the parts of the compiler, as passes (DESIGN: logical, local,
// planned).
#include "dialects/plan/StepOrder.h"
#include "passes/Passes.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_VERIFYLOGICALPASS
#define GEN_PASS_DEF_VERIFYLOCALPASS
#define GEN_PASS_DEF_VERIFYPLANNEDPASS
#include "passes/Passes.h.inc"

namespace {

LogicalResult breach(Operation *op, StringRef contract, StringRef constraint,
                     const Twine &message) {
  return op->emitError() << "breaks " << constraint << " of the " << contract
                         << " contract: " << message;
}

struct VerifyLogicalPass : impl::VerifyLogicalPassBase<VerifyLogicalPass> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](Operation *op) -> WalkResult {
      if (isa<ModuleOp>(op))
        return WalkResult::advance();
      StringRef dialect = op->getName().getDialectNamespace();
      if (dialect != "step37" && dialect != "tensor" && dialect != "func")
        return breach(op, "logical", "C1",
                      "'" + op->getName().getStringRef() + "' does not belong here");
      bool computes = op->getParentOfType<func::FuncOp>() && !isa<func::ReturnOp>(op);
      if (computes && !isa<NameLoc>(op->getLoc()))
        return breach(op, "logical", "C2", "the location is no module path");
      if (auto parameter = dyn_cast<ir::ParameterOp>(op);
          parameter && parameter.getParts().size() != 1)
        return breach(op, "logical", "C3", "a parameter of several parts before packing");
      if (auto function = dyn_cast<func::FuncOp>(op);
          function && !llvm::hasSingleElement(function.getBlocks()))
        return breach(op, "logical", "C4", "a program is one block");
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

struct VerifyLocalPass : impl::VerifyLocalPassBase<VerifyLocalPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    bool training = llvm::any_of(getOperation().getOps<ir::StateOp>(), [](ir::StateOp state) {
      return state.getRole() == ir::StateRole::Gradient;
    });
    for (auto parameter : getOperation().getOps<ir::ParameterOp>()) {
      if (parameter.getPack() &&
          failed(breach(parameter, "local", "C1", "it still waits for its siblings")))
        return signalPassFailure();
      bool hasGradient = symbols.lookup(stateName(ir::StateRole::Gradient, parameter.getSymName()));
      if (training && parameter.getTrained() && !hasGradient &&
          failed(breach(parameter, "local", "C3", "it is trained but has no gradient")))
        return signalPassFailure();
    }
    WalkResult result = getOperation().walk([](ir::ObjectiveOp objective) -> WalkResult {
      return breach(objective, "local", "C2", "an objective that was not differentiated");
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

/// Bytes [begin, end) that live from step `first` to step `last`.
struct Placement {
  int64_t begin, end, first, last;
  Operation *op;
};

StringRef argumentName(Operation *step, int64_t index, SymbolTable &symbols) {
  planir::KernelOp kernel = planir::kernelOf(step, symbols);
  return cast<planir::ArgumentAttr>(kernel.getArguments()[index]).getName();
}

struct VerifyPlannedPass : impl::VerifyPlannedPassBase<VerifyPlannedPass> {
  void runOnOperation() override {
    SmallVector<Placement> lasting;
    for (Operation &op : *getOperation().getBody()) {
      if (op.getName().getDialectNamespace() != "plan") {
        (void)breach(&op, "planned", "C1", "'" + op.getName().getStringRef() + "' is left over");
        return signalPassFailure();
      }
      if (auto buffer = dyn_cast<planir::BufferOp>(op)) {
        if (!buffer.getOffset()) {
          (void)breach(&op, "planned", "C2", "a buffer without an offset");
          return signalPassFailure();
        }
        int64_t begin = *buffer.getOffset();
        lasting.push_back({begin, begin + planir::bytesOf(cast<MemRefType>(buffer.getType())), 0,
                           std::numeric_limits<int64_t>::max(), &op});
      }
    }
    SymbolTable symbols(getOperation());
    for (auto program : getOperation().getOps<planir::ProgramOp>())
      if (failed(verify(program, symbols, lasting)))
        return signalPassFailure();
  }

  LogicalResult verify(planir::ProgramOp program, SymbolTable &symbols,
                       SmallVector<Placement> placements) {
    DenseMap<const void *, size_t> indexOf;
    for (auto temporary : program.getOps<planir::TemporaryOp>()) {
      if (!temporary.getOffset())
        return breach(temporary, "planned", "C2", "a temporary without an offset");
      int64_t begin = *temporary.getOffset();
      indexOf[temporary.getBuffer().getAsOpaquePointer()] = placements.size();
      placements.push_back(
          {begin, begin + planir::bytesOf(cast<MemRefType>(temporary.getBuffer().getType())), -1,
           -1, temporary});
    }
    planir::StepOrder order(program, symbols);
    for (auto [number, step] : llvm::enumerate(order.steps())) {
      auto [first, last] = order.interval(number);
      for (const planir::StepAccess &access : order.accesses(number)) {
        auto found = indexOf.find(access.buffer);
        if (found == indexOf.end())
          continue;
        Placement &placement = placements[found->second];
        if (placement.first < 0 && !access.writes)
          return breach(step, "planned", "C4",
                        "argument '" + argumentName(step, access.argument, symbols) +
                            "' was never written");
        placement.first = placement.first < 0 ? first : std::min(placement.first, first);
        placement.last = std::max(placement.last, last);
      }
      for (int64_t earlier : order.dependencies(number))
        if (!order.ordered(earlier, number))
          return breach(step, "planned", "C5",
                        "it does not wait for step " + Twine(earlier) + " on the other stream");
    }
    return verifyDisjoint(placements);
  }

  /// Sweeps over the bytes; what overlaps there must not live at the same time.
  LogicalResult verifyDisjoint(SmallVector<Placement> &placements) {
    llvm::sort(placements,
               [](const Placement &a, const Placement &b) { return a.begin < b.begin; });
    SmallVector<Placement *> open;
    for (Placement &placement : placements) {
      llvm::erase_if(open, [&](Placement *other) { return other->end <= placement.begin; });
      for (Placement *other : open)
        if (other->first <= placement.last && placement.first <= other->last)
          return breach(placement.op, "planned", "C3",
                        "it shares bytes with another buffer that is alive");
      open.push_back(&placement);
    }
    return success();
  }
};

} // namespace
} // namespace step37
