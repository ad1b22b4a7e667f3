// Sharding rules of the operations of VisionOps.td. Images are split by batches, so that those of a
// rank are what its rows of tokens hold: a rank has whole batches, in the same order. How shardings
// spread is passes/shard.
#include "dialects/step37/ImageGrids.h"
#include "dialects/step37/Step37Dialect.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace step37::ir {
namespace {

constexpr int batchFactor = 0; // of the operations that say how many batches there are

int64_t dim(Value value, int64_t index) {
  return cast<RankedTensorType>(value.getType()).getDimSize(index);
}

/// A factor for rows of which `rowsOfBatch` stay together.
int batchesOf(ShardingRule &rule, Value rows, int64_t rowsOfBatch) {
  return rule.factor(dim(rows, 0) / rowsOfBatch);
}

/// x of one type with the results, row by row and column by column.
ShardingRule elementwise(Operation *op) {
  ShardingRule rule;
  ShardingRule::Dims dims;
  for (int64_t i = 0; i < cast<RankedTensorType>(op->getResult(0).getType()).getRank(); ++i)
    dims.push_back(rule.factor());
  rule.operands.assign(op->getNumOperands(), dims);
  rule.results.assign(1, dims);
  return rule;
}

/// A row that all rows share.
ShardingRule broadcast() {
  ShardingRule rule;
  int rows = rule.factor(), cols = rule.factor();
  return rule.operand({rows, cols}).operand({cols}).result({rows, cols});
}

/// What localizeByClone does, for a part of the batches.
template <typename Op>
LogicalResult localizeBatches(Op op, const LocalShapes &local, OpBuilder &builder,
                              ValueRange operands, SmallVectorImpl<Value> &results) {
  if (failed(localizeByClone(op, local, builder, operands, results)))
    return failure();
  results.back().template getDefiningOp<Op>().setBatches(int64_t(op.getBatches()) /
                                                         local.ways(batchFactor));
  return success();
}

} // namespace

//===------------------------------------------------------------------------------------------===//
// Images as rows
//===------------------------------------------------------------------------------------------===//

ShardingRule PatchesOp::getShardingRule() {
  ShardingRule rule;
  int batches = rule.factor(getBatches());
  for (size_t i = 0; i < getImages().size(); ++i)
    rule.operand({batches, whole, whole, whole});
  return rule.result({batches, whole});
}

LogicalResult PatchesOp::localize(const LocalShapes &local, OpBuilder &builder, ValueRange operands,
                                  SmallVectorImpl<Value> &results) {
  return localizeBatches(*this, local, builder, operands, results);
}

ShardingRule UnfoldOp::getShardingRule() {
  ShardingRule rule;
  int batches = batchesOf(rule, getX(), imageTokens(getGrids(), getClassToken()));
  return rule.operand({batches, whole}).result({batches, whole});
}

ShardingRule FoldOp::getShardingRule() {
  ShardingRule rule;
  int batches = batchesOf(rule, getOut(), imageTokens(getGrids(), getClassToken()));
  return rule.operand({batches, whole}).result({batches, whole});
}

//===------------------------------------------------------------------------------------------===//
// Positions
//===------------------------------------------------------------------------------------------===//

ShardingRule AddPositionsOp::getShardingRule() {
  ShardingRule rule;
  int batches = batchesOf(rule, getX(), imageTokens(getGrids(), bool(getClassEmbedding())));
  int cols = rule.factor();
  return rule.operand({batches, cols})
      .operandIf(getTable(), {whole, cols})
      .operandIf(getClassEmbedding(), {cols})
      .result({batches, cols});
}

ShardingRule AddPositionsGradOp::getShardingRule() {
  ShardingRule rule;
  int batches = batchesOf(rule, getDout(), imageTokens(getGrids(), bool(getDclassEmbedding())));
  int cols = rule.factor();
  return rule.operand({batches, cols})
      .resultIf(getDtable(), {whole, cols})
      .resultIf(getDclassEmbedding(), {cols});
}

ShardingRule AxialRopeTableOp::getShardingRule() { return ShardingRule().result({whole, whole}); }

ShardingRule RotatePairsOp::getShardingRule() {
  ShardingRule rule;
  int batches = batchesOf(rule, getX(), dim(getTable(), 0));
  int heads = rule.factor(dim(getX(), 1) / getHeadDim());
  return rule.operand({batches, heads}).operand({whole, whole}).result({batches, heads});
}

//===------------------------------------------------------------------------------------------===//
// Layers
//===------------------------------------------------------------------------------------------===//

ShardingRule LayerNormOp::getShardingRule() {
  ShardingRule rule;
  int rows = rule.factor();
  return rule.operand({rows, whole})
      .operand({whole})
      .operand({whole})
      .result({rows, whole})
      .result({rows})
      .result({rows});
}

ShardingRule LayerNormGradOp::getShardingRule() {
  ShardingRule rule;
  int rows = rule.factor();
  return rule.operand({rows, whole})
      .operand({rows, whole})
      .operand({whole})
      .operand({rows})
      .operand({rows})
      .result({rows, whole})
      .result({whole})
      .result({whole});
}

ShardingRule AddBiasOp::getShardingRule() { return broadcast(); }

ShardingRule ScaleColumnsOp::getShardingRule() { return broadcast(); }

ShardingRule ColumnSumsOp::getShardingRule() {
  ShardingRule rule;
  int rows = rule.factor(), cols = rule.factor();
  return rule.operand({rows, cols}).operandIf(getB(), {rows, cols}).result({cols});
}

ShardingRule QuickGeluOp::getShardingRule() { return elementwise(*this); }

ShardingRule QuickGeluGradOp::getShardingRule() { return elementwise(*this); }

ShardingRule ImageAttentionOp::getShardingRule() {
  ShardingRule rule;
  int batches = batchesOf(rule, getQ(), imageTokens(getGrids(), getClassToken()));
  int heads = rule.factor(dim(getQ(), 1) / getHeadDim());
  for (int i = 0; i < 3; ++i) // q, k, v
    rule.operand({batches, heads});
  return rule.result({batches, heads}).result({batches, heads});
}

ShardingRule ImageAttentionGradOp::getShardingRule() {
  ShardingRule rule;
  int batches = batchesOf(rule, getQ(), imageTokens(getGrids(), getClassToken()));
  int heads = rule.factor(dim(getQ(), 1) / getHeadDim());
  for (int i = 0; i < 6; ++i) // dout, q, k, v, out, lse
    rule.operand({batches, heads});
  for (int i = 0; i < 3; ++i)
    rule.result({batches, heads});
  return rule;
}

//===------------------------------------------------------------------------------------------===//
// Insertion
//===------------------------------------------------------------------------------------------===//

ShardingRule MergeRowsOp::getShardingRule() {
  ShardingRule rule;
  int batches = rule.factor(getBatches()), cols = rule.factor();
  return rule.operand({batches, cols})
      .operandIf(getSource(), {batches, cols})
      .operand({batches})
      .operand({batches})
      .result({batches, cols});
}

LogicalResult MergeRowsOp::localize(const LocalShapes &local, OpBuilder &builder,
                                    ValueRange operands, SmallVectorImpl<Value> &results) {
  return localizeBatches(*this, local, builder, operands, results);
}

ShardingRule GatherRowsOp::getShardingRule() {
  ShardingRule rule;
  int batches = rule.factor(getBatches()), cols = rule.factor();
  return rule.operand({batches, cols})
      .operand({batches})
      .operand({batches})
      .result({batches, cols});
}

LogicalResult GatherRowsOp::localize(const LocalShapes &local, OpBuilder &builder,
                                     ValueRange operands, SmallVectorImpl<Value> &results) {
  return localizeBatches(*this, local, builder, operands, results);
}

} // namespace step37::ir
