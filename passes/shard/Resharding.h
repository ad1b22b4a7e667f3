// Builds what turns a local tensor of one sharding into one of another: the only place where
// exchange between ranks is inserted.
#pragma once

#include "passes/shard/Sharding.h"

#include "mlir/IR/Builders.h"

namespace step37 {

class Resharder {
public:
  explicit Resharder(const MeshAxes &mesh) : mesh(mesh) {}

  /// The local value that `value`, which lies as `from`, is under `to`. Sums first (scattered over
  /// the first dimension where `to` wants that, else the same on all ranks), then gathers, then
  /// cuts. Fails with an error at `loc` where another dimension than the first would have to be
  /// exchanged.
  mlir::FailureOr<mlir::Value> reshard(mlir::OpBuilder &builder, mlir::Location loc,
                                       mlir::Value value, Sharding from, const Sharding &to) const;

  /// This rank's index along axes.
  mlir::Value coordinate(mlir::OpBuilder &builder, mlir::Location loc,
                         llvm::ArrayRef<int> axes) const;

  mlir::Value allGather(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                        llvm::ArrayRef<int> axes) const;

private:
  mlir::Value reduceScatter(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                            llvm::ArrayRef<int> axes) const;
  mlir::Value allReduce(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                        llvm::ArrayRef<int> axes) const;
  mlir::Value ownRows(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                      llvm::ArrayRef<int> axes) const;

  const MeshAxes &mesh;
};

} // namespace step37
