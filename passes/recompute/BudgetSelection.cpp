#include "passes/recompute/BudgetSelection.h"

#include "dialects/step37/Step37Dialect.h"
#include "passes/recompute/Cost.h"
#include "passes/recompute/SavedValues.h"

using namespace mlir;

namespace step37 {

BudgetSelection::BudgetSelection(func::FuncOp program, DenseSet<Value> &values) : values(values) {
  for (Operation &op : program.front())
    if (ir::isBackward(&op)) {
      for (Value operand : op.getOperands())
        need(operand);
    } else if (isRecomputable(&op)) {
      blocks[blockOf(&op)].push_back(&op);
    }
}

/// What leaves its block is where computing again ends.
bool BudgetSelection::mayDrop(Value value) const {
  return isRecomputable(value.getDefiningOp()) && staysInBlock(value);
}

void BudgetSelection::need(Value operand) {
  Value value = keptFor(operand);
  if (!value)
    return;
  if (values.contains(value))
    computeAgain(value.getDefiningOp());
  else
    keep(value);
}

void BudgetSelection::computeAgain(Operation *op) {
  if (!again.insert(op).second)
    return;
  for (Value operand : op->getOperands())
    need(operand);
}

void BudgetSelection::keep(Value value) {
  if (saved.insert(value).second)
    savedBytes += bytesOf(value);
}

void BudgetSelection::extend(Choice &choice, Operation *op) const {
  if (!choice.operations.insert(op))
    return;
  choice.cost += costOf(op).inFlops();
  for (Value result : op->getResults())
    if (saved.contains(result) && mayDrop(result))
      choice.freed += bytesOf(result);
  for (Value operand : op->getOperands()) {
    Value value = keptFor(operand);
    if (!value || saved.contains(value))
      continue;
    if (values.contains(value) || mayDrop(value)) {
      if (!again.contains(value.getDefiningOp()))
        extend(choice, value.getDefiningOp());
    } else if (choice.kept.insert(value)) {
      choice.freed -= bytesOf(value);
    }
  }
}

BudgetSelection::Choice BudgetSelection::choiceOf(Operation *op) const {
  Choice choice;
  extend(choice, op);
  return choice;
}

void BudgetSelection::findBest(StringRef block) {
  Choice &found = best[block] = {};
  for (Operation *op : blocks[block]) {
    bool frees = !again.contains(op) && llvm::any_of(op->getResults(), [&](Value result) {
      return saved.contains(result) && mayDrop(result);
    });
    if (!frees)
      continue;
    Choice choice = choiceOf(op);
    if (choice.freed > 0 && (found.operations.empty() || choice.worth() > found.worth()))
      found = std::move(choice);
  }
}

void BudgetSelection::apply(const Choice &choice) {
  for (Operation *op : choice.operations) {
    again.insert(op);
    for (Value result : op->getResults())
      if (mayDrop(result)) {
        values.insert(result);
        if (saved.erase(result))
          savedBytes -= bytesOf(result);
      }
  }
  for (Value value : choice.kept)
    keep(value);
}

void BudgetSelection::keepAtMost(int64_t bytes) {
  for (auto &[block, ops] : blocks)
    findBest(block);
  while (savedBytes > bytes) {
    const auto *chosen = best.end();
    for (const auto *it = best.begin(); it != best.end(); ++it)
      if (!it->second.operations.empty() &&
          (chosen == best.end() || it->second.worth() > chosen->second.worth()))
        chosen = it;
    if (chosen == best.end())
      return;
    apply(chosen->second);
    // What it keeps for other blocks may be what they need as well.
    bool all = !chosen->second.kept.empty();
    StringRef where = chosen->first;
    for (auto &[block, ops] : blocks)
      if (all || block == where)
        findBest(block);
  }
}

} // namespace step37
