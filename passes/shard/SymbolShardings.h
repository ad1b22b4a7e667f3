// How the symbols of a module lie on the mesh, and their change to what a rank holds.
#pragma once

#include "passes/shard/Sharding.h"

#include <map>

namespace step37 {

/// The type of a rank's part; sizes that the ranks do not divide are rounded up.
mlir::RankedTensorType localType(mlir::RankedTensorType whole, const Sharding &sharding,
                                 const MeshAxes &mesh);

class SymbolShardings {
public:
  SymbolShardings(mlir::ModuleOp module, const MeshAxes &mesh) : symbols(module), mesh(mesh) {}

  /// Gives parameters and their states the types that a rank has.
  void localize();

  mlir::RankedTensorType typeOf(llvm::StringRef symbol);
  bool isParameter(llvm::StringRef symbol) {
    return mlir::isa<ir::ParameterOp>(symbols.lookup(symbol));
  }

  /// Null for an activation that nothing has been written to.
  const Sharding *find(llvm::StringRef symbol) const;

  /// An activation lies as the value that is written to it first.
  void define(llvm::StringRef symbol, const Sharding &sharding, mlir::RankedTensorType local);

  /// Says over which axes a gradient stays to be summed; false where it was said otherwise.
  bool setPartial(llvm::StringRef gradient, llvm::ArrayRef<int> axes);

private:
  void localizeParts(ir::ParameterOp parameter, mlir::RankedTensorType local);

  mlir::SymbolTable symbols;
  const MeshAxes &mesh;
  std::map<llvm::StringRef, Sharding> known;
};

} // namespace step37
