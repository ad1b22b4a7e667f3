// The optimizers that a compilation can choose from, as data: what each keeps of a parameter, which
// scalars it needs, and how its operation is made. The pass that builds the update program knows no
// optimizer by name.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

namespace step37::ir {

/// What a step of a parameter is made of.
struct OptimizerStep {
  mlir::FlatSymbolRefAttr parameter;
  mlir::Value gradient;
  llvm::StringMap<mlir::FlatSymbolRefAttr> states;    // by slot
  mlir::FlatSymbolRefAttr master;                     // null: the parameter is its own
  llvm::StringMap<mlir::Value> hyperparameters;       // by name
  mlir::Value clip;
  mlir::Type updated; // of the part of the new parameter; null: the parameter is updated in place
};

struct OptimizerKind {
  llvm::StringRef name;
  llvm::ArrayRef<llvm::StringRef> slots;           // f32 states, as large as what is updated
  llvm::ArrayRef<llvm::StringRef> hyperparameters; // scalars that the runtime writes every step
  bool wholeMatrix; // the update of an element needs the whole matrix: ranks cannot share it out
  /// Makes the operation; its result, where there is an `updated` type.
  mlir::Value (*create)(mlir::OpBuilder &builder, mlir::Location loc, const OptimizerStep &step);
};

/// All of them, the default one first.
llvm::ArrayRef<OptimizerKind> optimizerKinds();

/// Null where there is none of this name.
const OptimizerKind *findOptimizer(llvm::StringRef name);

} // namespace step37::ir
