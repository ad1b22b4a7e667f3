// The modes, and what may be computed again at all. The choice by bytes is BudgetSelection.
#include "passes/recompute/Selection.h"

#include "dialects/step37/Step37Dialect.h"
#include "passes/recompute/BudgetSelection.h"
#include "passes/recompute/Cost.h"
#include "passes/recompute/SavedValues.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace step37 {
namespace {

/// Small results are kept: statistics of rows, chosen experts, places of rows.
bool isLarge(Operation *op) {
  constexpr int64_t smallestWidth = 16;
  return llvm::any_of(op->getResults(), [&](Value result) {
    auto type = cast<RankedTensorType>(result.getType());
    return type.getRank() == 2 && type.getDimSize(1) >= smallestWidth;
  });
}

/// Whether an operation's work is no more than a few operations an element. Sums are no gain: they
/// have more operands than results.
bool isCheap(Operation *op) {
  auto shardable = dyn_cast<ir::ShardableOpInterface>(op);
  Cost cost = costOf(op);
  return cost.productFlops == 0 && cost.sentBytes == 0 &&
         !(shardable && shardable.getShardingRule().isSum);
}

/// Whether only operations marked as overflow read it again: what they need is not kept for them
/// if it is cheap.
bool isForOverflow(Value value) {
  auto overflows = [](Operation *user) { return user->hasAttr(ir::overflowAttribute); };
  Operation *op = value.getDefiningOp();
  return isCheap(op) && isLarge(op) && llvm::none_of(value.getUsers(), ir::isBackward) &&
         llvm::any_of(value.getUsers(), overflows);
}

} // namespace

StringRef blockOf(Operation *op) {
  auto path = dyn_cast<NameLoc>(op->getLoc());
  if (!path)
    return "";
  StringRef name = path.getName();
  for (size_t i = 0; i < name.size();) {
    size_t end = std::min(name.find('.', i), name.size());
    if (!name.slice(i, end).empty() && llvm::all_of(name.slice(i, end), llvm::isDigit))
      return name.take_front(end);
    i = end + 1;
  }
  return name;
}

bool staysInBlock(Value value) {
  StringRef block = blockOf(value.getDefiningOp());
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    return ir::isBackward(user) || blockOf(user) == block;
  });
}

bool isRecomputable(Operation *op) {
  return !ir::isBackward(op) && isMemoryEffectFree(op) && !isView(op) && op->getNumOperands() > 0;
}

std::optional<RecomputeMode> parseRecomputeMode(StringRef name) {
  return llvm::StringSwitch<std::optional<RecomputeMode>>(name)
      .Case("none", RecomputeMode::none)
      .Case("selective", RecomputeMode::selective)
      .Case("full", RecomputeMode::full)
      .Case("budget", RecomputeMode::budget)
      .Default(std::nullopt);
}

DenseSet<Value> valuesComputedAgain(func::FuncOp program, RecomputeMode mode, int64_t savedBytes) {
  DenseSet<Value> values;
  for (Operation &op : program.front()) {
    if (!isRecomputable(&op))
      continue;
    bool all = op.hasAttr(ir::overflowAttribute) ||
               (mode == RecomputeMode::selective && isCheap(&op) && isLarge(&op));
    for (Value result : op.getResults())
      if (all || isForOverflow(result) || (mode == RecomputeMode::full && staysInBlock(result)))
        values.insert(result);
  }
  if (mode == RecomputeMode::budget)
    BudgetSelection(program, values).keepAtMost(savedBytes);
  return values;
}

} // namespace step37
