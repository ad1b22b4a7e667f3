// What crosses from the forward to the backward part of a program: values that the one makes and
// the other reads. Which of them are computed again instead is Selection.h.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

namespace step37 {

/// A column range of another value: no bytes and no work of its own.
bool isView(mlir::Operation *op);

/// What has to be kept so that `value` can be read later: itself, or what it is a view of. Null
/// where that is no result of the forward part, but an argument, a parameter or a gradient.
mlir::Value keptFor(mlir::Value value);

/// What the operations of the backward part read of the forward part, in the order of its program.
llvm::SetVector<mlir::Value> savedValues(mlir::func::FuncOp program);

} // namespace step37
