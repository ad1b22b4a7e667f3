#include "passes/shard/Propagation.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace mlir;

namespace step37 {

using Dims = ir::ShardingRule::Dims;

OperationSharding::OperationSharding(const ir::ShardingRule &rule, const MeshAxes &mesh)
    : rule(rule), mesh(mesh), axes(rule.factors.size()), frozen(rule.factors.size(), false) {}

void OperationSharding::choose(ArrayRef<Claim> operands, ArrayRef<const Demand *> results) {
  for (auto [index, demand] : llvm::enumerate(results)) {
    if (!demand)
      continue;
    if (demand->whole)
      claim(rule.results[index], *demand->whole, false);
    for (const ir::DimRule &dim : rule.results[index])
      if (dim.factors.size() == 2 && !demand->whole) {
        axes[dim.factors[1]] = demand->second;
        frozen[dim.factors[1]] = true;
        llvm::append_range(avoided, demand->avoid);
      }
  }
  for (auto strength : {Claim::parameter, Claim::index, Claim::value, Claim::partial})
    for (auto [index, operand] : llvm::enumerate(operands))
      if (operand.strength == strength)
        claim(rule.operands[index], operand.sharding, strength == Claim::index);
}

void OperationSharding::claim(const Dims &dims, const Sharding &sharding, bool freeze) {
  for (auto [dim, split] : llvm::zip(dims, sharding.dims)) {
    ArrayRef<int> all(split.axes);
    if (dim.factors.size() == 2) {
      extend(dim.factors[1], all.take_back(split.second));
      extend(dim.factors[0], all.drop_back(split.second));
      if (freeze)
        frozen[dim.factors[0]] = frozen[dim.factors[1]] = true;
    } else if (dim.factors.size() == 1) {
      extend(dim.factors[0], all);
      if (freeze)
        frozen[dim.factors[0]] = true;
    }
  }
}

/// Takes over the axes that go on where the factor's own end, as far as they are free.
void OperationSharding::extend(int factor, ArrayRef<int> wanted) {
  Axes &own = axes[factor];
  if (frozen[factor] || wanted.size() <= own.size() ||
      !std::equal(own.begin(), own.end(), wanted.begin()))
    return;
  for (int axis : wanted.drop_front(own.size())) {
    int64_t units = rule.factors[factor].units;
    if (isUsed(axis) || llvm::is_contained(avoided, axis) ||
        (units > 0 && units % (mesh.ways(own) * mesh.ways(axis)) != 0))
      return;
    own.push_back(axis);
  }
}

bool OperationSharding::isUsed(int axis) const {
  return llvm::any_of(axes, [&](const Axes &used) { return llvm::is_contained(used, axis); });
}

Sharding OperationSharding::dimsOf(const Dims &dims) const {
  Sharding sharding;
  for (const ir::DimRule &dim : dims) {
    DimSharding &split = sharding.dims.emplace_back();
    for (int factor : dim.factors)
      llvm::append_range(split.axes, axes[factor]);
    if (dim.factors.size() == 2 && dim.extent != ir::Extent::divided)
      split.second = axes[dim.factors[1]].size();
  }
  return sharding;
}

Sharding OperationSharding::operand(size_t index) const { return dimsOf(rule.operands[index]); }

Sharding OperationSharding::result(size_t index, ArrayRef<Axes> kept) const {
  Sharding sharding = dimsOf(rule.results[index]);
  for (auto [factor, own] : llvm::enumerate(axes)) {
    bool present = llvm::any_of(rule.results[index], [&, &factor = factor](const ir::DimRule &dim) {
      return llvm::is_contained(dim.factors, int(factor));
    });
    if (!present && !llvm::is_contained(rule.complete, std::pair(int(index), int(factor))))
      llvm::append_range(sharding.partial, own);
  }
  for (const auto &[operand, results] : rule.linearIn)
    if (llvm::is_contained(results, int(index)))
      llvm::append_range(sharding.partial, kept[operand]);
  llvm::sort(sharding.partial);
  return sharding;
}

Axes OperationSharding::keptPartial(size_t index, const Sharding &operand) const {
  bool linear =
      llvm::any_of(rule.linearIn, [&](const auto &entry) { return entry.first == int(index); });
  bool free = llvm::none_of(operand.partial, [&](int axis) { return isUsed(axis); });
  return linear && free ? operand.partial : Axes();
}

} // namespace step37
