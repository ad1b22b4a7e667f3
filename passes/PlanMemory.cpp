// Offsets for all buffers of a target. Deterministic: ties are broken by the order in the program.
#include "passes/Passes.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "passes/Passes.h.inc"

namespace {

constexpr int64_t alignment = 64;

int64_t alignedBytes(Type buffer) {
  auto type = cast<MemRefType>(buffer);
  return llvm::alignTo(planir::extent(type) * llvm::divideCeil(type.getElementTypeBitWidth(), 8),
                       alignment);
}

struct Lifetime {
  planir::TemporaryOp temporary;
  int64_t bytes, first, last;
};

class ProgramPlanner {
public:
  ProgramPlanner(planir::ProgramOp program, SymbolTable &symbols)
      : program(program), symbols(symbols) {
    for (Operation &op : program.getBody().front())
      if (planir::isStep(&op))
        steps.push_back(&op);
  }

  /// Drops views and temporaries that no step uses.
  void dropUnused();

  /// Lets written temporaries take over the storage of arguments that die; returns how many did.
  int64_t shareStorage();

  /// Places all temporaries at `base` or above; returns the end of what they need.
  int64_t place(int64_t base);

private:
  planir::ArgumentAttr argument(Operation *step, int64_t index) {
    auto kernel = symbols.lookup<planir::KernelOp>(
        step->getAttrOfType<FlatSymbolRefAttr>("kernel").getAttr());
    return cast<planir::ArgumentAttr>(kernel.getArguments()[index]);
  }

  /// First and last step that touch each temporary, in the order of the temporaries.
  SmallVector<Lifetime> lifetimes();

  planir::ProgramOp program;
  SymbolTable &symbols;
  SmallVector<Operation *> steps;
};

void ProgramPlanner::dropUnused() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(program.getBody().front())))
    if (isa<planir::ViewOp, planir::TemporaryOp>(op) && op.use_empty())
      op.erase();
}

SmallVector<Lifetime> ProgramPlanner::lifetimes() {
  SmallVector<Lifetime> result;
  DenseMap<Value, size_t> indexOf;
  for (auto temporary : program.getOps<planir::TemporaryOp>()) {
    indexOf[temporary.getBuffer()] = result.size();
    result.push_back({temporary, alignedBytes(temporary.getBuffer().getType()), -1, -1});
  }
  for (auto [number, step] : llvm::enumerate(steps))
    for (Value operand : step->getOperands())
      if (auto found = indexOf.find(planir::originOf(operand).buffer); found != indexOf.end()) {
        Lifetime &lifetime = result[found->second];
        if (lifetime.first < 0)
          lifetime.first = number;
        lifetime.last = number;
      }
  return result;
}

/// How many operands of a step lie in this buffer.
int64_t mentions(Operation *step, Value buffer) {
  return llvm::count_if(step->getOperands(),
                        [&](Value operand) { return planir::originOf(operand).buffer == buffer; });
}

int64_t ProgramPlanner::shareStorage() {
  DenseMap<Value, int64_t> lastUse, firstUse;
  for (auto [number, step] : llvm::enumerate(steps))
    for (Value operand : step->getOperands()) {
      Value buffer = planir::originOf(operand).buffer;
      lastUse[buffer] = number;
      firstUse.try_emplace(buffer, number);
    }
  int64_t shared = 0;
  for (auto [number, step] : llvm::enumerate(steps))
    for (int64_t index = 0, count = step->getNumOperands(); index < count; ++index) {
      int64_t source = argument(step, index).getInPlaceOf();
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
  return shared;
}

int64_t ProgramPlanner::place(int64_t base) {
  SmallVector<Lifetime> all = lifetimes();
  SmallVector<Lifetime *> order;
  for (Lifetime &lifetime : all)
    order.push_back(&lifetime);
  llvm::sort(order, [](Lifetime *a, Lifetime *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b; // both in one array: program order
  });

  SmallVector<std::pair<int64_t, Lifetime *>> placed; // by offset
  int64_t end = base;
  for (Lifetime *lifetime : order) {
    int64_t offset = base;
    for (auto [begin, other] : placed) {
      if (other->last < lifetime->first || lifetime->last < other->first)
        continue;
      if (begin >= offset + lifetime->bytes)
        break;
      offset = std::max(offset, begin + other->bytes);
    }
    placed.insert(llvm::upper_bound(placed, std::pair(offset, lifetime),
                                    [](const auto &a, const auto &b) { return a.first < b.first; }),
                  {offset, lifetime});
    lifetime->temporary.setOffset(offset);
    end = std::max(end, offset + lifetime->bytes);
  }
  return end;
}

struct PlanMemoryPass : impl::PlanMemoryPassBase<PlanMemoryPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    int64_t end = 0;
    for (auto buffer : getOperation().getOps<planir::BufferOp>()) {
      buffer.setOffset(end);
      end += alignedBytes(buffer.getType());
    }
    int64_t arena = end;
    for (auto program : getOperation().getOps<planir::ProgramOp>()) {
      ProgramPlanner planner(program, symbols);
      planner.dropUnused();
      inPlace += planner.shareStorage();
      arena = std::max(arena, planner.place(end));
    }
    getOperation()->setAttr("plan.arena_bytes", OpBuilder(&getContext()).getI64IntegerAttr(arena));
  }
};

} // namespace
} // namespace step37
