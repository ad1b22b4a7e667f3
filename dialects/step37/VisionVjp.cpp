// Vector-Jacobian products of the operations of VisionOps.td, and what becomes of slice_columns
// behind differentiation. Formulas: the descriptions of the operations.
#include "dialects/step37/Vjp.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace step37::ir {

LogicalResult UnfoldOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                 ArrayRef<Type> gradientTypes,
                                 MutableArrayRef<Value> operandGradients) {
  if (gradientTypes[0])
    operandGradients[0] = FoldOp::create(builder, getLoc(), gradientTypes[0], resultGradients[0],
                                         getGrids(), getClassToken());
  return success();
}

LogicalResult FoldOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                               ArrayRef<Type> gradientTypes,
                               MutableArrayRef<Value> operandGradients) {
  if (gradientTypes[0])
    operandGradients[0] = UnfoldOp::create(builder, getLoc(), gradientTypes[0], resultGradients[0],
                                           getGrids(), getClassToken());
  return success();
}

LogicalResult AddPositionsOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                       ArrayRef<Type> gradientTypes,
                                       MutableArrayRef<Value> operandGradients) {
  operandGradients[0] = resultGradients[0];
  unsigned table = 1, classEmbedding = getTable() ? 2 : 1;
  auto grad = AddPositionsGradOp::create(
      builder, getLoc(), getTable() ? gradientType(gradientTypes[table], getTable()) : Type(),
      getClassEmbedding() ? gradientType(gradientTypes[classEmbedding], getClassEmbedding())
                          : Type(),
      resultGradients[0], getGrids());
  if (getTable())
    operandGradients[table] = grad.getDtable();
  if (getClassEmbedding())
    operandGradients[classEmbedding] = grad.getDclassEmbedding();
  return success();
}

LogicalResult RotatePairsOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                      ArrayRef<Type> gradientTypes,
                                      MutableArrayRef<Value> operandGradients) {
  if (gradientTypes[0])
    operandGradients[0] =
        RotatePairsOp::create(builder, getLoc(), gradientTypes[0], resultGradients[0], getTable(),
                              getHeadDim(), !getInverse());
  return success();
}

LogicalResult LayerNormOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                    ArrayRef<Type> gradientTypes,
                                    MutableArrayRef<Value> operandGradients) {
  if (failed(expectFirst(*this, resultGradients)))
    return failure();
  auto grad = LayerNormGradOp::create(builder, getLoc(), getX().getType(),
                                      gradientType(gradientTypes[1], getWeight()),
                                      gradientType(gradientTypes[2], getBias()), resultGradients[0],
                                      getX(), getWeight(), getMean(), getInverseDeviation());
  operandGradients[0] = grad.getDx();
  operandGradients[1] = grad.getDweight();
  operandGradients[2] = grad.getDbias();
  return success();
}

LogicalResult AddBiasOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                  ArrayRef<Type> gradientTypes,
                                  MutableArrayRef<Value> operandGradients) {
  operandGradients[0] = resultGradients[0];
  if (gradientTypes[1])
    operandGradients[1] =
        ColumnSumsOp::create(builder, getLoc(), gradientTypes[1], resultGradients[0], Value());
  return success();
}

LogicalResult ScaleColumnsOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                       ArrayRef<Type> gradientTypes,
                                       MutableArrayRef<Value> operandGradients) {
  if (gradientTypes[0])
    operandGradients[0] =
        ScaleColumnsOp::create(builder, getLoc(), gradientTypes[0], resultGradients[0], getScale());
  if (gradientTypes[1])
    operandGradients[1] =
        ColumnSumsOp::create(builder, getLoc(), gradientTypes[1], resultGradients[0], getX());
  return success();
}

LogicalResult QuickGeluOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                    ArrayRef<Type>, MutableArrayRef<Value> operandGradients) {
  operandGradients[0] =
      QuickGeluGradOp::create(builder, getLoc(), getX().getType(), resultGradients[0], getX());
  return success();
}

LogicalResult SliceColumnsOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                       ArrayRef<Type>, MutableArrayRef<Value> operandGradients) {
  if (failed(expectFirst(*this, resultGradients, getNumResults())))
    return failure();
  operandGradients[0] =
      tensor::ConcatOp::create(builder, getLoc(), getX().getType(), /*dim=*/1, resultGradients);
  return success();
}

/// Slices, once differentiation is over.
LogicalResult SliceColumnsOp::canonicalize(SliceColumnsOp op, PatternRewriter &rewriter) {
  SmallVector<Value> slices;
  int64_t begin = 0;
  for (Value part : op.getParts()) {
    auto type = cast<RankedTensorType>(part.getType());
    auto index = [&](int64_t value) -> OpFoldResult { return rewriter.getIndexAttr(value); };
    slices.push_back(tensor::ExtractSliceOp::create(
        rewriter, op.getLoc(), type, op.getX(), {index(0), index(begin)},
        {index(type.getDimSize(0)), index(type.getDimSize(1))}, {index(1), index(1)}));
    begin += type.getDimSize(1);
  }
  rewriter.replaceOp(op, slices);
  return success();
}

LogicalResult ImageAttentionOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                         ArrayRef<Type>, MutableArrayRef<Value> operandGradients) {
  if (failed(expectFirst(*this, resultGradients)))
    return failure();
  Type type = getQ().getType();
  auto grad = ImageAttentionGradOp::create(builder, getLoc(), type, type, type, resultGradients[0],
                                           getQ(), getK(), getV(), getOut(), getLse(), getGrids(),
                                           getClassToken(), getHeadDim(), getScale());
  operandGradients[0] = grad.getDq();
  operandGradients[1] = grad.getDk();
  operandGradients[2] = grad.getDv();
  return success();
}

LogicalResult MergeRowsOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                    ArrayRef<Type> gradientTypes,
                                    MutableArrayRef<Value> operandGradients) {
  if (gradientTypes[0])
    operandGradients[0] =
        MergeRowsOp::create(builder, getLoc(), gradientTypes[0], resultGradients[0], Value(),
                            getIndex(), getInverse(), getBatches());
  if (getSource() && gradientTypes[1])
    operandGradients[1] =
        GatherRowsOp::create(builder, getLoc(), gradientTypes[1], resultGradients[0], getInverse(),
                             getIndex(), getBatches());
  return success();
}

LogicalResult GatherRowsOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                     ArrayRef<Type> gradientTypes,
                                     MutableArrayRef<Value> operandGradients) {
  if (gradientTypes[0])
    operandGradients[0] =
        GatherRowsOp::create(builder, getLoc(), gradientTypes[0], resultGradients[0], getInverse(),
                             getIndex(), getBatches());
  return success();
}

} // namespace step37::ir
