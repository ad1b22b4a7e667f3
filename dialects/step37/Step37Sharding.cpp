// Sharding rules of the step37 operations, and what a rank computes where that is not the same
// operation on smaller tensors. How shardings spread is passes/shard.
#include "dialects/step37/Step37Dialect.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace step37::ir {
namespace {

int64_t dim(Value value, int64_t index) {
  return cast<RankedTensorType>(value.getType()).getDimSize(index);
}

/// Rows of the batch: their tokens stay together.
template <typename Op> int64_t sequences(Op op, Value tokens) {
  return dim(tokens, 0) / op.getSeqLen();
}

/// ids in the numbering of this rank's part of a table of which it has `size` rows.
Value localIds(OpBuilder &builder, Location loc, const LocalShapes &local, Value ids, int factor,
               int64_t size) {
  if (local.ways(factor) == 1)
    return ids;
  return LocalizeIdsOp::create(builder, loc, ids.getType(), ids, local.coordinate(loc, factor),
                               size);
}

} // namespace

LogicalResult localizeByClone(Operation *op, const LocalShapes &local, OpBuilder &builder,
                              ValueRange operands, SmallVectorImpl<Value> &results) {
  OperationState state(op->getLoc(), op->getName(), operands, local.resultTypes, op->getAttrs());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  llvm::append_range(results, builder.create(state)->getResults());
  return success();
}

//===------------------------------------------------------------------------------------------===//
// Embedding, norms, sums, products
//===------------------------------------------------------------------------------------------===//

ShardingRule EmbeddingOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), vocab = rule.factor();
  return rule.operand({tokens}).operand({vocab, whole}).result({tokens, whole});
}

LogicalResult EmbeddingOp::localize(const LocalShapes &local, OpBuilder &builder,
                                    ValueRange operands, SmallVectorImpl<Value> &results) {
  constexpr int vocab = 1;
  Value ids = localIds(builder, getLoc(), local, operands[0], vocab, dim(operands[1], 0));
  results.push_back(create(builder, getLoc(), local.resultTypes[0], ids, operands[1]));
  return success();
}

ShardingRule EmbeddingGradOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), vocab = rule.factor();
  return rule.operand({tokens}).operand({tokens, whole}).result({vocab, whole});
}

LogicalResult EmbeddingGradOp::localize(const LocalShapes &local, OpBuilder &builder,
                                        ValueRange operands, SmallVectorImpl<Value> &results) {
  constexpr int vocab = 1;
  auto table = cast<RankedTensorType>(local.resultTypes[0]);
  Value ids = localIds(builder, getLoc(), local, operands[0], vocab, table.getDimSize(0));
  results.push_back(create(builder, getLoc(), table, ids, operands[1]));
  return success();
}

ShardingRule RmsNormOp::getShardingRule() {
  ShardingRule rule;
  int rows = rule.factor();
  for (size_t i = 0; i < getAddends().size(); ++i)
    rule.operand({rows, whole});
  return rule.operand({whole})
      .result({rows, whole})
      .result({rows})
      .resultIf(getSum(), {rows, whole});
}

ShardingRule RmsNormGradOp::getShardingRule() {
  ShardingRule rule;
  int rows = rule.factor();
  rule.operand({rows, whole}).operand({rows, whole}).operand({whole}).operand({rows});
  for (size_t i = 0; i < getResiduals().size(); ++i)
    rule.operand({rows, whole});
  return rule.result({rows, whole}).resultIf(getDweight(), {whole});
}

ShardingRule JoinColumnsOp::getShardingRule() {
  ShardingRule rule;
  int rows = rule.factor();
  for (size_t i = 0; i < getParts().size(); ++i)
    rule.operand({rows, whole});
  return rule.result({rows, whole});
}

ShardingRule SplitColumnsOp::getShardingRule() {
  ShardingRule rule;
  int rows = rule.factor();
  rule.operand({rows, whole});
  for (size_t i = 0; i < getParts().size(); ++i)
    rule.result({rows, whole});
  return rule;
}

ShardingRule AddOp::getShardingRule() {
  ShardingRule rule;
  // Dimension 0 may be rows of experts.
  int tokens = rule.factor(), experts = rule.factor();
  ShardingRule::Dims dims = {{{tokens, experts}, Extent::rows}};
  for (int64_t i = 1; i < cast<RankedTensorType>(getType()).getRank(); ++i)
    dims.push_back(rule.factor());
  rule.operands.assign(getValues().size(), dims);
  rule.results.assign(1, dims);
  return rule.sum();
}

ShardingRule MatmulOp::getShardingRule() {
  ShardingRule rule;
  int m = rule.factor(), n = rule.factor(), k = rule.factor();
  if (getTransposeA())
    rule.operand({k, m});
  else
    rule.operand({m, k});
  if (getTransposeB())
    rule.operand({n, k});
  else
    rule.operand({k, n});
  return rule.result({m, n});
}

//===------------------------------------------------------------------------------------------===//
// Attention
//===------------------------------------------------------------------------------------------===//

ShardingRule FillOp::getShardingRule() { return ShardingRule().result({whole}); }

ShardingRule RopeTableOp::getShardingRule() { return ShardingRule().result({whole, whole}); }

ShardingRule QkNormRopeOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(sequences(*this, getQ())),
      heads = rule.factor(dim(getK(), 1) / getHeadDim());
  return rule.operand({tokens, heads})
      .operand({tokens, heads})
      .operandIf(getQWeight(), {whole})
      .operandIf(getKWeight(), {whole})
      .operandIf(getTable(), {whole, whole})
      .operand({tokens})
      .result({tokens, heads})
      .result({tokens, heads})
      .resultIf(getInverseRms(), {tokens, heads});
}

ShardingRule QkNormRopeGradOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(sequences(*this, getQ())),
      heads = rule.factor(dim(getK(), 1) / getHeadDim());
  for (int i = 0; i < 4; ++i) // dq_out, dk_out, q, k
    rule.operand({tokens, heads});
  return rule.operandIf(getQWeight(), {whole})
      .operandIf(getKWeight(), {whole})
      .operandIf(getTable(), {whole, whole})
      .operand({tokens})
      .operandIf(getInverseRms(), {tokens, heads})
      .result({tokens, heads})
      .result({tokens, heads})
      .resultIf(getDqWeight(), {whole})
      .resultIf(getDkWeight(), {whole});
}

ShardingRule AttentionOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(sequences(*this, getQ())),
      heads = rule.factor(dim(getK(), 1) / getHeadDim());
  for (int i = 0; i < 3; ++i) // q, k, v
    rule.operand({tokens, heads});
  return rule.operandIf(getGate(), {tokens, heads})
      .operand({tokens})
      .result({tokens, heads})
      .result({tokens, heads});
}

ShardingRule AttentionGradOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(sequences(*this, getQ())),
      heads = rule.factor(dim(getK(), 1) / getHeadDim());
  for (int i = 0; i < 4; ++i) // dout, q, k, v
    rule.operand({tokens, heads});
  return rule.operandIf(getGate(), {tokens, heads})
      .operand({tokens})
      .operand({tokens, heads}) // out
      .operand({tokens, heads}) // lse
      .result({tokens, heads})
      .result({tokens, heads})
      .result({tokens, heads})
      .resultIf(getDgate(), {tokens, heads});
}

//===------------------------------------------------------------------------------------------===//
// Feed-forward networks and experts
//===------------------------------------------------------------------------------------------===//

// Rows grouped by expert run over tokens and experts: a rank has the rows of its tokens that went
// to its experts. What says where they are (offsets, row_slot, slot_row) belongs to a rank in the
// same way.

ShardingRule SwigluOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), experts = rule.factor(), cols = rule.factor();
  DimRule rows({tokens, experts}, Extent::rows);
  return rule.operand({rows, cols}).operand({rows, cols}).result({rows, cols});
}

ShardingRule SwigluGradOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), experts = rule.factor(), cols = rule.factor();
  DimRule rows({tokens, experts}, Extent::rows);
  for (int i = 0; i < 3; ++i)
    rule.operand({rows, cols});
  return rule.result({rows, cols}).result({rows, cols});
}

ShardingRule RouteOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor();
  return rule.operand({tokens, whole})
      .operandIf(getBias(), {whole})
      .result({tokens, whole})
      .result({tokens, whole})
      .result({tokens, whole});
}

ShardingRule RouteGradOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor();
  for (int i = 0; i < 4; ++i)
    rule.operand({tokens, whole});
  return rule.result({tokens, whole});
}

ShardingRule SortByExpertOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), experts = rule.factor(dim(getOffsets(), 0) - 1);
  return rule.operand({tokens, whole})
      .result({{{tokens, experts}, Extent::bounds}})
      .result({{{tokens, experts}, Extent::rows}})
      .result({{{tokens, experts}, Extent::slots}});
}

LogicalResult SortByExpertOp::localize(const LocalShapes &local, OpBuilder &builder,
                                       ValueRange operands, SmallVectorImpl<Value> &results) {
  constexpr int experts = 1;
  int64_t own = cast<RankedTensorType>(local.resultTypes[0]).getDimSize(0) - 1;
  Value chosen = localIds(builder, getLoc(), local, operands[0], experts, own);
  llvm::append_range(results, create(builder, getLoc(), local.resultTypes, chosen)->getResults());
  return success();
}

ShardingRule DispatchOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), experts = rule.factor();
  DimRule rows({tokens, experts}, Extent::rows), slots({tokens, experts}, Extent::slots);
  return rule.operand({tokens, whole}).operand({rows}).operand({slots}).result({rows, whole});
}

ShardingRule CombineOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), experts = rule.factor();
  DimRule rows({tokens, experts}, Extent::rows), slots({tokens, experts}, Extent::slots);
  return rule.operand({rows, whole})
      .linear({0})
      .operand({rows})
      .operand({slots})
      .operandIf(getWeights(), {tokens, whole})
      .result({tokens, whole});
}

ShardingRule CombineGradOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), experts = rule.factor();
  DimRule rows({tokens, experts}, Extent::rows), slots({tokens, experts}, Extent::slots);
  return rule.operand({tokens, whole})
      .operand({rows, whole})
      .linear({1})
      .operand({rows})
      .operand({slots})
      .operand({tokens, whole})
      .result({rows, whole})
      .result({tokens, whole});
}

ShardingRule GroupedMatmulOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), experts = rule.factor(dim(getW(), 0)), n = rule.factor(),
      k = rule.factor();
  DimRule rows({tokens, experts}, Extent::rows);
  rule.operand({rows, k});
  if (getTransposeB())
    rule.operand({experts, n, k});
  else
    rule.operand({experts, k, n});
  return rule.operand({{{tokens, experts}, Extent::bounds}}).result({rows, n});
}

ShardingRule GroupedMatmulGradOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), experts = rule.factor(dim(getDw(), 0)), m = rule.factor(),
      n = rule.factor();
  DimRule rows({tokens, experts}, Extent::rows);
  return rule.operand({rows, m})
      .operand({rows, n})
      .operand({{{tokens, experts}, Extent::bounds}})
      .result({experts, m, n});
}

//===------------------------------------------------------------------------------------------===//
// Loss
//===------------------------------------------------------------------------------------------===//

ShardingRule ShiftLabelsOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(sequences(*this, getIds()));
  return rule.operand({tokens}).operand({tokens}).operand({tokens}).result({tokens}).result(
      {tokens});
}

ShardingRule LmLossOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), vocab = rule.factor();
  return rule.operand({tokens, whole})
      .operand({vocab, whole})
      .operand({tokens})
      .operand({tokens})
      .result({whole})
      .wholeOver(vocab)
      .result({tokens})
      .wholeOver(vocab);
}

namespace {

constexpr int vocabFactor = 1; // of both losses

/// The loss of a head whose rows are split, and what its gradient needs.
struct SplitLoss {
  Value labels, coordinate, lse, lossSum, tokenLoss;
};

SplitLoss buildSplitLoss(OpBuilder &builder, Location loc, const LocalShapes &local, Value x,
                         Value w, Value labels, Value weights, int64_t totalVocab) {
  SplitLoss loss;
  auto f32 = [&](ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, builder.getF32Type());
  };
  int64_t tokens = dim(x, 0);
  loss.coordinate = local.coordinate(loc, vocabFactor);
  loss.labels = localIds(builder, loc, local, labels, vocabFactor, dim(w, 0));
  Value stats = LmLossStatsOp::create(builder, loc, f32({tokens, 3}), x, w, loss.labels,
                                      loss.coordinate, totalVocab);
  auto merged = MergeLossStatsOp::create(builder, loc, f32({tokens}), f32({tokens}),
                                         local.gather(builder, loc, stats, vocabFactor), weights);
  loss.lse = merged.getLse();
  loss.tokenLoss = merged.getTokenLoss();
  loss.lossSum = SumElementsOp::create(builder, loc, f32({1}), loss.tokenLoss);
  return loss;
}

} // namespace

LogicalResult LmLossOp::localize(const LocalShapes &local, OpBuilder &builder, ValueRange operands,
                                 SmallVectorImpl<Value> &results) {
  if (local.ways(vocabFactor) == 1)
    return localizeByClone(*this, local, builder, operands, results);
  SplitLoss loss = buildSplitLoss(builder, getLoc(), local, operands[0], operands[1], operands[2],
                                  operands[3], dim(getW(), 0));
  results.append({loss.lossSum, loss.tokenLoss});
  return success();
}

ShardingRule LmLossGradOp::getShardingRule() {
  ShardingRule rule;
  int tokens = rule.factor(), vocab = rule.factor();
  return rule.operand({tokens, whole})
      .operand({vocab, whole})
      .operand({tokens})
      .operand({tokens})
      .operand({whole})
      .result({whole})
      .wholeOver(vocab)
      .result({tokens})
      .wholeOver(vocab)
      .result({tokens, whole})
      .resultIf(getDw(), {vocab, whole});
}

LogicalResult LmLossGradOp::localize(const LocalShapes &local, OpBuilder &builder,
                                     ValueRange operands, SmallVectorImpl<Value> &results) {
  if (local.ways(vocabFactor) == 1)
    return localizeByClone(*this, local, builder, operands, results);
  SplitLoss loss = buildSplitLoss(builder, getLoc(), local, operands[0], operands[1], operands[2],
                                  operands[3], dim(getW(), 0));
  auto gradient = LmLossSplitGradOp::create(builder, getLoc(), local.resultTypes[2],
                                            getDw() ? local.resultTypes[3] : Type(), operands[0],
                                            operands[1], loss.labels, operands[3], loss.lse,
                                            operands[4], loss.coordinate, dim(getW(), 0));
  results.append({loss.lossSum, loss.tokenLoss});
  llvm::append_range(results, gradient->getResults());
  return success();
}

ShardingRule TakeRowsOp::getShardingRule() {
  ShardingRule rule;
  ShardingRule::Dims dims(cast<RankedTensorType>(getX().getType()).getRank(), whole);
  dims.front() = rule.factor(getParts());
  rule.operands.push_back(dims);
  rule.operand({whole});
  rule.results.push_back(dims);
  return rule;
}

LogicalResult TakeRowsOp::localize(const LocalShapes &local, OpBuilder &builder,
                                   ValueRange operands, SmallVectorImpl<Value> &results) {
  constexpr int rows = 0;
  results.push_back(create(builder, getLoc(), local.resultTypes[0], operands[0], operands[1],
                           getParts() / local.ways(rows)));
  return success();
}

} // namespace step37::ir
