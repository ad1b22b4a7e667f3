// What the users of a value ask of how it lies on the mesh, found before a program is cut: the one
// step against the order of the program.
#pragma once

#include "passes/shard/Propagation.h"
#include "passes/shard/SymbolShardings.h"

#include "llvm/ADT/DenseMap.h"

namespace step37 {

using Demands = llvm::DenseMap<mlir::Value, Demand>;

/// Rows of experts lie as the experts' parameters, a parameter's gradient as the parameter.
Demands collectDemands(mlir::func::FuncOp function, const MeshAxes &mesh, SymbolShardings &symbols);

} // namespace step37
