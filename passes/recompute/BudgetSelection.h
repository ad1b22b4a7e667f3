// The choice by bytes: again and again the operation whose results take the most bytes for what it
// costs to compute them once more, until the rest fits. Operations alike in all blocks are equally
// good: then the first, whose results live longest.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace step37 {

/// "model.layers.3" of "model.layers.3.self_attn.q_proj": what is computed again at once at most.
llvm::StringRef blockOf(mlir::Operation *op);

/// Whether the forward part uses the value only where it was made.
bool staysInBlock(mlir::Value value);

/// Whether an operation of the forward part gives the same again: pure, and of other values.
bool isRecomputable(mlir::Operation *op);

class BudgetSelection {
public:
  /// `values` are computed again whatever the budget, and get what is chosen.
  BudgetSelection(mlir::func::FuncOp program, llvm::DenseSet<mlir::Value> &values);

  /// Until no more than `bytes` are kept, or nothing is left to choose.
  void keepAtMost(int64_t bytes);

private:
  /// Computing an operation again, and with it what it needs and is not kept.
  struct Choice {
    llvm::SetVector<mlir::Operation *> operations;
    llvm::SetVector<mlir::Value> kept; // what they need of other blocks
    int64_t freed = 0;                 // bytes, less those of `kept`
    double cost = 0;

    double worth() const { return double(freed) / cost; }
  };

  bool mayDrop(mlir::Value value) const;
  void need(mlir::Value operand);
  void computeAgain(mlir::Operation *op);
  void keep(mlir::Value value);
  void extend(Choice &choice, mlir::Operation *op) const;
  Choice choiceOf(mlir::Operation *op) const;
  void findBest(llvm::StringRef block);
  void apply(const Choice &choice);

  llvm::DenseSet<mlir::Value> &values;
  llvm::DenseSet<mlir::Operation *> again;
  llvm::DenseSet<mlir::Value> saved;
  int64_t savedBytes = 0;
  llvm::MapVector<llvm::StringRef, llvm::SmallVector<mlir::Operation *>> blocks; // in order
  llvm::MapVector<llvm::StringRef, Choice> best;                                 // of each block
};

} // namespace step37
