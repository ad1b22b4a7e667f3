// C++ side of the step37 dialect: operations, attributes, interfaces. See Step37Ops.td for what
// they mean.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/step37/Optimizers.h"
#include "dialects/step37/ShardingRule.h"

#include "dialects/step37/Step37Dialect.h.inc"
#include "dialects/step37/Step37Enums.h.inc"

namespace step37::ir {

/// Whether all sizes are known and positive and the number of elements fits 64 bits with room to
/// spare.
bool hasSizes(mlir::RankedTensorType type);

/// Operations of the backward program have the module path of what they differentiate, and behind
/// it (as the location's child) the word "backward".
mlir::Location backwardOf(mlir::Location forward);
bool isBackward(mlir::Operation *op);
/// The same for what the backward program computes again.
mlir::Location recomputedOf(mlir::Location forward);
bool isRecomputed(mlir::Operation *op);

/// Marks operations on rows of experts that only exist where more rows than usual go to a rank.
/// Their results are never kept for the backward program.
inline constexpr llvm::StringLiteral overflowAttribute = "step37.overflow";

} // namespace step37::ir

#include "dialects/step37/Step37Interfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/step37/Step37Attributes.h.inc"

#define GET_OP_CLASSES
#include "dialects/step37/Step37Ops.h.inc"
