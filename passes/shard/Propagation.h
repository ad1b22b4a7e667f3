// How one operation is split, given how its operands are: rules in, axes of factors out. Nothing is
// built here; what is exchanged to get there is Resharding.h.
#pragma once

#include "passes/shard/Sharding.h"

namespace step37 {

/// What is known of an operand, or wanted of a result, before the operation is split.
struct Claim {
  enum Strength : uint8_t {
    parameter, // a parameter stays as it is
    index,     // integers: ids, places of rows; they are gathered, but never cut afterwards
    value,     // is exchanged where another split is chosen
    partial    // is exchanged anyway
  };
  Strength strength = value;
  Sharding sharding;
};

/// A split that the users of a result ask for: axes of the second factor of its dimension, and axes
/// that its first factor must not have. Or the split of all dimensions, where a parameter's
/// gradient must have it.
struct Demand {
  Axes second, avoid;
  std::optional<Sharding> whole;
};

/// The split of an operation: axes for each factor of its rule.
class OperationSharding {
public:
  OperationSharding(const ir::ShardingRule &rule, const MeshAxes &mesh);

  /// Chooses axes: first what results demand, then what operands have, by strength and in order. An
  /// axis serves one factor.
  void choose(llvm::ArrayRef<Claim> operands, llvm::ArrayRef<const Demand *> results);

  const Axes &axesOf(int factor) const { return axes[factor]; }

  /// What operand and result must be, and are, with these axes. `kept`: axes over which an operand
  /// that the operation is linear in stays partial.
  Sharding operand(size_t index) const;
  Sharding result(size_t index, llvm::ArrayRef<Axes> kept) const;

  /// Axes over which this operand may stay partial.
  Axes keptPartial(size_t index, const Sharding &operand) const;

private:
  void claim(const ir::ShardingRule::Dims &dims, const Sharding &sharding, bool freeze);
  void extend(int factor, llvm::ArrayRef<int> wanted);
  bool isUsed(int axis) const;
  Sharding dimsOf(const ir::ShardingRule::Dims &dims) const;

  const ir::ShardingRule &rule;
  const MeshAxes &mesh;
  llvm::SmallVector<Axes, 4> axes;
  llvm::SmallVector<bool, 4> frozen;
  Axes avoided; // by the first factor of rows of experts
};

} // namespace step37
