// How a tensor lies on the ranks of a mesh, as passes/shard computes with it. What operations
// say about their dimensions is dialects/step37/ShardingRule.h.
#pragma once

#include "dialects/step37/Step37Dialect.h"

#include <string>

namespace step37 {

/// Axes of the mesh by number, slowest first.
using Axes = llvm::SmallVector<int, 2>;

/// Which axes a dimension is split over. Of a dimension with two factors (rows grouped by expert)
/// the last `second` axes belong to the second one.
struct DimSharding {
  Axes axes;
  unsigned second = 0;

  bool operator==(const DimSharding &) const = default;
};

/// A tensor on the ranks: its dimensions, and the axes over which its local values are still to be
/// summed.
struct Sharding {
  llvm::SmallVector<DimSharding, 4> dims;
  Axes partial;

  bool operator==(const Sharding &) const = default;

  static Sharding replicated(int64_t rank) {
    Sharding sharding;
    sharding.dims.resize(rank);
    return sharding;
  }
};

/// On an operation of a local program: for each result the mesh axes over which it is still to be
/// summed. Written where operations are cut, read by the check of the local contract.
inline constexpr llvm::StringLiteral partialAttribute = "step37.partial";

/// The axes of the mesh and what they are for. Kept on the module: `step37.mesh`, a list of
/// ["name", size].
class MeshAxes {
public:
  static constexpr llvm::StringLiteral attribute = "step37.mesh";

  /// Of a module that step37-assign-sharding has seen; null where there is no mesh.
  static std::optional<MeshAxes> of(mlir::ModuleOp module);

  void add(llvm::StringRef name, int64_t size) { list.emplace_back(name.str(), size); }
  mlir::ArrayAttr toAttribute(mlir::MLIRContext *context) const;

  /// Number of an axis, or -1.
  int find(llvm::StringRef name) const;
  /// Product of the sizes.
  int64_t ways(llvm::ArrayRef<int> axes) const;
  /// Their names, as attributes list them.
  mlir::ArrayAttr names(mlir::MLIRContext *context, llvm::ArrayRef<int> axes) const;
  Axes parse(mlir::ArrayAttr names) const;

  /// "split" as attributes have it: a list of axes for each dimension.
  mlir::ArrayAttr split(mlir::MLIRContext *context, const Sharding &sharding) const;
  Sharding parseSplit(mlir::ArrayAttr split) const;

  /// Marks on the operations that make `values` that these are sums over ranks, if they are.
  void markPartial(mlir::ValueRange values, const Sharding &sharding) const;

private:
  llvm::SmallVector<std::pair<std::string, int64_t>> list;
};

} // namespace step37
