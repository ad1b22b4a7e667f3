// C++ side of the plan dialect. See PlanOps.td for what the operations mean.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/plan/PlanDialect.h.inc"
#include "dialects/plan/PlanEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/plan/PlanAttributes.h.inc"

#define GET_OP_CLASSES
#include "dialects/plan/PlanOps.h.inc"

namespace step37::planir {

/// Whether a memref can be a buffer: static positive sizes, static strides of which each steps over
/// what the inner dimensions cover, no offset, and an extent that fits 64 bits with room for bytes.
bool hasLayout(mlir::MemRefType type);

/// Elements from the first to the last one that a memref of static shape and strides covers.
int64_t extent(mlir::MemRefType type);

/// Bytes of that extent.
int64_t bytesOf(mlir::MemRefType type);

/// Where a buffer value comes from: through views to the `plan.get` or `plan.temporary`, and how
/// many elements into it.
struct Origin {
  mlir::Value buffer;
  int64_t begin;
};
Origin originOf(mlir::Value buffer);

/// Whether an operation is a step of a program: launch, gemm or collective.
bool isStep(mlir::Operation *op);

/// The kernel that a step runs.
KernelOp kernelOf(mlir::Operation *step, mlir::SymbolTable &symbols);

/// A step's stream, and the steps of the other one that it waits for (PlanOps.td, `program`).
int64_t streamOf(mlir::Operation *step);
llvm::ArrayRef<int64_t> afterOf(mlir::Operation *step);

/// On a collective step that brings a counted number of rows: a number by which the steps that work
/// on these name it. They are left out where there are none.
inline constexpr llvm::StringLiteral rowsAttribute = "plan.rows", rowsOfAttribute = "plan.rows_of";

} // namespace step37::planir
