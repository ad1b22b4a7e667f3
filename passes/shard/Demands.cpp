#include "passes/shard/Demands.h"

using namespace mlir;

namespace step37 {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

} // namespace

Demands collectDemands(func::FuncOp function, const MeshAxes &mesh, SymbolShardings &symbols) {
  Demands demands;
  for (Operation &op : llvm::reverse(function.front())) {
    if (auto accumulate = dyn_cast<ir::AccumulateGradientOp>(op)) {
      demands[accumulate.getValue()].whole = *symbols.find(accumulate.getGradient());
      continue;
    }
    auto shardable = dyn_cast<ir::ShardableOpInterface>(op);
    if (!shardable)
      continue;
    ir::ShardingRule rule = shardable.getShardingRule();
    OperationSharding split(rule, mesh);
    SmallVector<Claim> claims;
    Axes all;
    for (Value operand : op.getOperands()) {
      Claim &claim = claims.emplace_back();
      claim.sharding = Sharding::replicated(typeOf(operand).getRank());
      auto read = operand.getDefiningOp<ir::ReadOp>();
      if (!read || !symbols.isParameter(read.getSymbol()))
        continue;
      claim = {Claim::parameter, *symbols.find(read.getSymbol())};
      for (const DimSharding &dim : claim.sharding.dims)
        llvm::append_range(all, dim.axes);
    }
    if (all.empty())
      continue;
    split.choose(claims, {});
    for (auto [operand, dims] : llvm::zip_equal(op.getOperands(), rule.operands))
      if (typeOf(operand).getElementType().isInteger())
        for (const ir::DimRule &dim : dims)
          if (dim.factors.size() == 2) {
            Demand &demand = demands[operand];
            demand.second = split.axesOf(dim.factors[1]);
            demand.avoid = all;
          }
  }
  return demands;
}

} // namespace step37
