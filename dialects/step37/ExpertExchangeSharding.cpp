// How rows that move to the ranks of their experts are split, and what a rank does for them. Tokens
// lie on the ranks of their experts like on all others: nobody gathers them. Every rank sorts its
// own rows by all experts; the offsets of all ranks, which they gather, say which rows go where.
// Those of one window that go from one rank to another are neighbours on both.
#include "dialects/step37/Step37Dialect.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace step37::ir {
namespace {

// Factors of all rules here.
constexpr int tokensFactor = 0, expertsFactor = 1;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

RankedTensorType withRows(RankedTensorType type, int64_t rows) {
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = rows;
  return type.clone(shape);
}

/// Rows where their tokens are, and where their experts are.
DimRule rowsOfTokens() { return {{tokensFactor, expertsFactor}, Extent::divided}; }
DimRule rowsOfExperts() { return {{tokensFactor, expertsFactor}, Extent::rows}; }
DimRule boundsOfExperts() { return {{tokensFactor, expertsFactor}, Extent::bounds}; }

/// What both moves have besides the rows.
ShardingRule &withPlaces(ShardingRule &rule) {
  return rule.operand({boundsOfExperts()}).operand({rowsOfExperts()}).operand({rowsOfExperts()});
}

ShardingRule rowsRule() {
  ShardingRule rule;
  rule.factor();
  rule.factor();
  return rule;
}

/// Rows in the order of a list: rows[r] = from[list[r]].
Value inOrder(OpBuilder &builder, Location loc, Value from, Value list, Value inverse) {
  Type type = withRows(typeOf(from), typeOf(list).getDimSize(0));
  return DispatchOp::create(builder, loc, type, from, list, inverse);
}

} // namespace

ShardingRule PlaceRowsOp::getShardingRule() {
  ShardingRule rule;
  rule.factor();
  rule.factor(typeOf(getOffsets()).getDimSize(0) - 1);
  return rule.operand({rowsOfTokens(), whole})
      .result({rowsOfTokens()})
      .result({rowsOfTokens()})
      .result({boundsOfExperts()})
      .result({boundsOfExperts()})
      .result({rowsOfExperts()})
      .result({rowsOfExperts()})
      .windowsItself();
}

LogicalResult PlaceRowsOp::localize(const LocalShapes &local, OpBuilder &builder,
                                    ValueRange operands, SmallVectorImpl<Value> &results) {
  int64_t ranks = local.ways(expertsFactor);
  if (ranks == 1)
    return emitOpError("is for experts on several ranks");
  Value chosen = operands[0];
  int64_t slots = typeOf(chosen).getNumElements();
  auto sorted = SortByExpertOp::create(builder, getLoc(), getOffsets().getType(),
                                       local.resultTypes[0], local.resultTypes[1], chosen);
  Value bounds = local.gather(builder, getLoc(), sorted.getOffsets(), expertsFactor);
  Value coordinate = local.coordinate(getLoc(), expertsFactor);
  for (auto [index, window] : llvm::enumerate(local.windows)) {
    Type list = withRows(typeOf(getSourceRow()), window.rows);
    auto received = ReceivedRowsOp::create(builder, getLoc(), local.resultTypes[3], list, list,
                                           bounds, coordinate, ranks, slots, window.first);
    if (index > 0)
      received->setAttr(overflowAttribute, builder.getUnitAttr());
    results.append({sorted.getRowSlot(), sorted.getSlotRow(), bounds});
    llvm::append_range(results, received->getResults());
  }
  return success();
}

ShardingRule SendRowsOp::getShardingRule() {
  ShardingRule rule = rowsRule();
  rule.operand({rowsOfTokens(), whole}).linear({0});
  return withPlaces(rule).result({rowsOfExperts(), whole});
}

LogicalResult SendRowsOp::localize(const LocalShapes &local, OpBuilder &builder,
                                   ValueRange operands, SmallVectorImpl<Value> &results) {
  Value rows = operands[0], bounds = operands[1], sourceRow = operands[2],
        receivedRow = operands[3];
  Value received = CountedSendOp::create(
      builder, getLoc(), withRows(typeOf(rows), typeOf(sourceRow).getDimSize(0)), rows, bounds,
      local.axes(builder, expertsFactor), local.ways(expertsFactor), local.windows[0].first);
  results.push_back(inOrder(builder, getLoc(), received, sourceRow, receivedRow));
  return success();
}

ShardingRule ReturnRowsOp::getShardingRule() {
  ShardingRule rule = rowsRule();
  rule.operand({rowsOfExperts(), whole}).linear({0});
  return withPlaces(rule).result({rowsOfTokens(), whole}).collectsWindows();
}

LogicalResult ReturnRowsOp::localize(const LocalShapes &local, OpBuilder &builder,
                                     ValueRange operands, SmallVectorImpl<Value> &results) {
  Value rows = operands[0], bounds = operands[1], sourceRow = operands[2],
        receivedRow = operands[3];
  Value received = inOrder(builder, getLoc(), rows, receivedRow, sourceRow);
  Value before = local.before.empty() ? Value() : local.before[0];
  results.push_back(CountedReturnOp::create(builder, getLoc(), local.resultTypes[0], received,
                                            bounds, before, local.axes(builder, expertsFactor),
                                            local.ways(expertsFactor), local.windows[0].first));
  return success();
}

} // namespace step37::ir
