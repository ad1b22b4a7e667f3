// Verifiers of the operations in CollectiveOps.td.
#include "dialects/step37/Verify.h"

using namespace mlir;

namespace step37::ir {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

LogicalResult verifyAxes(Operation *op, ArrayAttr axes, StringRef constraint) {
  return require(op, areAxes(axes), constraint, "there must be at least one axis, each once");
}

LogicalResult verifyGroup(Operation *op, ArrayAttr axes, int64_t ranks, StringRef constraint) {
  if (failed(verifyAxes(op, axes, constraint)))
    return failure();
  return require(op, ranks >= 2, constraint, "a group has at least two ranks");
}

/// C2 of all_gather and reduce_scatter.
LogicalResult verifyRows(Operation *op, Value part, Value all, int64_t ranks) {
  RankedTensorType partType = typeOf(part), allType = typeOf(all);
  bool fits = partType.getRank() > 0 && partType.getRank() == allType.getRank() &&
              partType.getElementType() == allType.getElementType() &&
              partType.getShape().drop_front() == allType.getShape().drop_front() &&
              allType.getDimSize(0) / ranks == partType.getDimSize(0) &&
              allType.getDimSize(0) % ranks == 0;
  return require(op, fits, "C2",
                 "in and out must differ in the first dimension only, by the number of ranks");
}

LogicalResult verifyNumbers(Operation *op, Value value) {
  return require(op, isa<FloatType>(typeOf(value).getElementType()), "C3",
                 "only floating-point numbers are added");
}

/// The gradient of this name, with a number of elements that is a multiple of the part's.
LogicalResult verifyGradientPart(Operation *op, SymbolTableCollection &tables,
                                 FlatSymbolRefAttr symbol, Value part,
                                 std::optional<int64_t> parts) {
  auto state = tables.lookupNearestSymbolFrom<StateOp>(op, symbol);
  bool fits = state && state.getRole() == StateRole::Gradient;
  if (fits && part) {
    int64_t elements = state.getTensorType().getNumElements();
    fits = state.getTensorType().getElementType() == typeOf(part).getElementType() &&
           elements % rows(part) == 0 && (!parts || elements / rows(part) == *parts);
  }
  return require(
      op, fits, "C1",
      "the symbol must be a gradient" +
          Twine(part ? " of the part's element type, some of whose equal parts it is" : ""));
}

LogicalResult verifyHead(Operation *op, Value x, Value w, ValueRange perToken, Value coordinate) {
  bool fits = typeOf(x).getDimSize(1) == typeOf(w).getDimSize(1) &&
              typeOf(x).getElementType() == typeOf(w).getElementType() && rows(coordinate) == 1;
  for (Value value : perToken)
    fits &= rows(value) == rows(x);
  return require(op, fits, "C1", "x is [tokens, width], w [vocab, width], lists are [tokens]");
}

} // namespace

LogicalResult CoordinateOp::verify() {
  if (failed(verifyAxes(*this, getAxes(), "C1")))
    return failure();
  return require(*this, rows(getIndex()) == 1, "C1", "the index is [1]");
}

LogicalResult AllGatherOp::verify() {
  if (failed(verifyGroup(*this, getAxes(), getRanks(), "C1")))
    return failure();
  return verifyRows(*this, getIn(), getOut(), getRanks());
}

LogicalResult ReduceScatterOp::verify() {
  if (failed(verifyGroup(*this, getAxes(), getRanks(), "C1")) ||
      failed(verifyRows(*this, getOut(), getIn(), getRanks())))
    return failure();
  return verifyNumbers(*this, getIn());
}

LogicalResult AllReduceOp::verify() {
  if (failed(verifyGroup(*this, getAxes(), getRanks(), "C1")) ||
      failed(require(*this, getIn().getType() == getOut().getType(), "C2",
                     "in and out must have one type")))
    return failure();
  return verifyNumbers(*this, getIn());
}

LogicalResult AllToAllOp::verify() {
  if (failed(verifyGroup(*this, getAxes(), getRanks(), "C1")))
    return failure();
  return require(*this,
                 getIn().getType() == getOut().getType() && typeOf(getIn()).getRank() > 0 &&
                     rows(getIn()) % int64_t(getRanks()) == 0,
                 "C2", "in and out must have one type, with a block of rows for each rank");
}

LogicalResult LocalizeIdsOp::verify() {
  return require(*this,
                 getIds().getType() == getLocal().getType() && rows(getCoordinate()) == 1 &&
                     int64_t(getSize()) > 0,
                 "C1", "ids and local must have one type, coordinate be [1] and size positive");
}

LogicalResult ExpertWindowOp::verify() {
  return require(*this,
                 getOffsets().getType() == getWindowOffsets().getType() &&
                     getSlotRow().getType() == getWindowSlotRow().getType() &&
                     int64_t(getFirst()) >= 0 && int64_t(getRows()) > 0,
                 "C1",
                 "results must have the operands' types, first not be negative, rows positive");
}

LogicalResult LmLossStatsOp::verify() {
  if (failed(verifyHead(*this, getX(), getW(), {getLabels(), getStats()}, getCoordinate())))
    return failure();
  return require(*this, typeOf(getStats()).getDimSize(1) == 3 && int64_t(getTotalVocab()) > 0, "C1",
                 "stats must be [tokens, 3] and total_vocab positive");
}

LogicalResult MergeLossStatsOp::verify() {
  return require(
      *this,
      rows(getLse()) == rows(getWeights()) && rows(getTokenLoss()) == rows(getWeights()) &&
          rows(getStats()) % rows(getWeights()) == 0 && typeOf(getStats()).getDimSize(1) == 3,
      "C1", "weights, lse and token_loss must be [tokens], stats [ranks·tokens, 3]");
}

LogicalResult LmLossSplitGradOp::verify() {
  if (failed(verifyHead(*this, getX(), getW(), {getLabels(), getWeights(), getLse()},
                        getCoordinate())))
    return failure();
  return require(*this,
                 getDx().getType() == getX().getType() &&
                     (!getDw() || typeOf(getDw()).getShape() == typeOf(getW()).getShape()) &&
                     rows(getScale()) == 1 && int64_t(getTotalVocab()) > 0,
                 "C1", "dx must be like x, dw like w, scale [1] and total_vocab positive");
}

LogicalResult SumElementsOp::verify() {
  return require(*this, rows(getTotal()) == 1, "C1", "the total is [1]");
}

LogicalResult ReduceGradientOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyGradientPart(*this, tables, getGradientAttr(), Value(), std::nullopt)))
    return failure();
  return verifyGroup(*this, getAxes(), getRanks(), "C2");
}

LogicalResult ScatterGradientOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (failed(verifyGradientPart(*this, tables, getGradientAttr(), getPart(), getRanks())))
    return failure();
  return verifyGroup(*this, getAxes(), getRanks(), "C2");
}

LogicalResult GradientPartOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyGradientPart(*this, tables, getGradientAttr(), getPart(), std::nullopt);
}

LogicalResult GatherParameterOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto parameter = tables.lookupNearestSymbolFrom<ParameterOp>(*this, getParameterAttr());
  bool fits = parameter &&
              parameter.getTensorType().getElementType() == typeOf(getPart()).getElementType() &&
              parameter.getTensorType().getNumElements() == rows(getPart()) * int64_t(getRanks());
  if (failed(require(*this, fits, "C1",
                     "the symbol must be a parameter of `ranks` times the part's elements")))
    return failure();
  return verifyGroup(*this, getAxes(), getRanks(), "C2");
}

} // namespace step37::ir
