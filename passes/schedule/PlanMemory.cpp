// Offsets for all buffers of a target. Deterministic: ties are broken by the order in the program.
#include "dialects/plan/StepOrder.h"
#include "passes/Passes.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "passes/Passes.h.inc"

namespace {

constexpr int64_t alignment = 64;

int64_t alignedBytes(Type buffer) {
  return llvm::alignTo(planir::bytesOf(cast<MemRefType>(buffer)), alignment);
}

struct Lifetime {
  planir::TemporaryOp temporary;
  int64_t bytes, first, last;
};

class ProgramPlanner {
public:
  ProgramPlanner(planir::ProgramOp program, SymbolTable &symbols)
      : program(program), order(program, symbols) {}

  /// Places all temporaries at `base` or above; returns the end of what they need.
  int64_t place(int64_t base);

private:
  /// From the first to the last step that may touch it, of each temporary in their order.
  SmallVector<Lifetime> lifetimes();

  planir::ProgramOp program;
  planir::StepOrder order;
};

SmallVector<Lifetime> ProgramPlanner::lifetimes() {
  SmallVector<Lifetime> result;
  DenseMap<const void *, size_t> indexOf;
  for (auto temporary : program.getOps<planir::TemporaryOp>()) {
    indexOf[temporary.getBuffer().getAsOpaquePointer()] = result.size();
    result.push_back({temporary, alignedBytes(temporary.getBuffer().getType()), -1, -1});
  }
  for (int64_t step = 0; step < int64_t(order.steps().size()); ++step) {
    auto [first, last] = order.interval(step);
    for (const planir::StepAccess &access : order.accesses(step))
      if (auto found = indexOf.find(access.buffer); found != indexOf.end()) {
        Lifetime &lifetime = result[found->second];
        lifetime.first = lifetime.first < 0 ? first : std::min(lifetime.first, first);
        lifetime.last = std::max(lifetime.last, last);
      }
  }
  return result;
}

int64_t ProgramPlanner::place(int64_t base) {
  SmallVector<Lifetime> all = lifetimes();
  SmallVector<Lifetime *> largestFirst;
  for (Lifetime &lifetime : all)
    largestFirst.push_back(&lifetime);
  llvm::sort(largestFirst, [](Lifetime *a, Lifetime *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b; // both in one array: program order
  });

  SmallVector<std::pair<int64_t, Lifetime *>> placed; // by offset
  int64_t end = base;
  for (Lifetime *lifetime : largestFirst) {
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
    for (auto program : getOperation().getOps<planir::ProgramOp>())
      arena = std::max(arena, ProgramPlanner(program, symbols).place(end));
    getOperation()->setAttr("plan.arena_bytes", OpBuilder(&getContext()).getI64IntegerAttr(arena));
  }
};

} // namespace
} // namespace step37
