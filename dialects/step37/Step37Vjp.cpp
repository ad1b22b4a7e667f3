// Vector-Jacobian products of the step37 operations: each builds its own gradient, for the whole
// (unsharded) program. Formulas: the descriptions of the gradient operations in Step37Ops.td.
#include "dialects/step37/Vjp.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace step37::ir {
LogicalResult expectFirst(Operation *op, ArrayRef<Value> resultGradients, size_t count) {
  for (auto [index, gradient] : llvm::enumerate(resultGradients))
    if (bool(gradient) != (index < count))
      return op->emitOpError() << (gradient ? "has no gradient for its result #"
                                            : "needs a gradient of its result #")
                               << index;
  return success();
}

LogicalResult EmbeddingOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                    ArrayRef<Type> gradientTypes,
                                    MutableArrayRef<Value> operandGradients) {
  if (gradientTypes[1])
    operandGradients[1] =
        EmbeddingGradOp::create(builder, getLoc(), gradientTypes[1], getIds(), resultGradients[0]);
  return success();
}

LogicalResult RmsNormOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                  ArrayRef<Type> gradientTypes,
                                  MutableArrayRef<Value> operandGradients) {
  if (failed(expectFirst(*this, resultGradients)))
    return failure();
  if (getAddends().size() != 1)
    return emitOpError("has a gradient only with one addend: sums are fused after differentiation");
  Value x = getAddends()[0];
  auto grad = RmsNormGradOp::create(builder, getLoc(), x.getType(), gradientTypes[1],
                                    resultGradients[0], x, getWeight(), getInverseRms(),
                                    ValueRange(), getEps(), getWeightOffset());
  operandGradients[0] = grad.getDx();
  operandGradients[1] = grad.getDweight();
  return success();
}

LogicalResult AddOp::buildVjp(OpBuilder &, ArrayRef<Value> resultGradients, ArrayRef<Type>,
                              MutableArrayRef<Value> operandGradients) {
  for (Value &gradient : operandGradients)
    gradient = resultGradients[0];
  return success();
}

LogicalResult MatmulOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                 ArrayRef<Type> gradientTypes,
                                 MutableArrayRef<Value> operandGradients) {
  Value dc = resultGradients[0];
  bool ta = getTransposeA(), tb = getTransposeB();
  // op(a)' = dc·op(b)ᵀ and op(b)' = op(a)ᵀ·dc; a transposed operand wants the transposed product.
  if (gradientTypes[0])
    operandGradients[0] =
        ta ? MatmulOp::create(builder, getLoc(), gradientTypes[0], getB(), dc, tb, true)
           : MatmulOp::create(builder, getLoc(), gradientTypes[0], dc, getB(), false, !tb);
  if (gradientTypes[1])
    operandGradients[1] =
        tb ? MatmulOp::create(builder, getLoc(), gradientTypes[1], dc, getA(), true, ta)
           : MatmulOp::create(builder, getLoc(), gradientTypes[1], getA(), dc, !ta, false);
  return success();
}

LogicalResult QkNormRopeOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                     ArrayRef<Type> gradientTypes,
                                     MutableArrayRef<Value> operandGradients) {
  if (failed(expectFirst(*this, resultGradients, 2)))
    return failure();
  unsigned qWeight = 2, kWeight = 3;
  Type qWeightType = getQWeight() ? gradientTypes[qWeight] : Type(),
       kWeightType = getKWeight() ? gradientTypes[kWeight] : Type();
  if (bool(qWeightType) != bool(kWeightType))
    return emitOpError("has gradients of both weights or of none: they are frozen together");
  auto grad = QkNormRopeGradOp::create(
      builder, getLoc(), getQ().getType(), getK().getType(), qWeightType, kWeightType,
      resultGradients[0], resultGradients[1], getQ(), getK(), getQWeight(), getKWeight(),
      getTable(), getDocumentStart(), getInverseRms(), getSeqLen(), getHeadDim(), getEps(),
      getWeightOffset());
  operandGradients[0] = grad.getDq();
  operandGradients[1] = grad.getDk();
  if (getQWeight()) {
    operandGradients[qWeight] = grad.getDqWeight();
    operandGradients[kWeight] = grad.getDkWeight();
  }
  return success();
}

LogicalResult AttentionOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                    ArrayRef<Type>, MutableArrayRef<Value> operandGradients) {
  if (failed(expectFirst(*this, resultGradients)))
    return failure();
  auto grad = AttentionGradOp::create(builder, getLoc(), getQ().getType(), getK().getType(),
                                      getV().getType(), getGate() ? getGate().getType() : Type(),
                                      resultGradients[0], getQ(), getK(), getV(), getGate(),
                                      getDocumentStart(), getOut(), getLse(), getSeqLen(),
                                      getHeadDim(), getWindow(), getScale());
  operandGradients[0] = grad.getDq();
  operandGradients[1] = grad.getDk();
  operandGradients[2] = grad.getDv();
  if (getGate())
    operandGradients[3] = grad.getDgate();
  return success();
}

LogicalResult SwigluOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                 ArrayRef<Type>, MutableArrayRef<Value> operandGradients) {
  auto grad = SwigluGradOp::create(builder, getLoc(), getGate().getType(), getUp().getType(),
                                   resultGradients[0], getGate(), getUp(), getLimit(), getClamp());
  operandGradients[0] = grad.getDgate();
  operandGradients[1] = grad.getDup();
  return success();
}

LogicalResult RouteOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients, ArrayRef<Type>,
                                MutableArrayRef<Value> operandGradients) {
  if (failed(expectFirst(*this, resultGradients)))
    return failure();
  operandGradients[0] =
      RouteGradOp::create(builder, getLoc(), getLogits().getType(), resultGradients[0], getLogits(),
                          getChosen(), getScores(), getScale(), getNormalize(), getSoftmax());
  return success();
}

LogicalResult DispatchOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                   ArrayRef<Type> gradientTypes,
                                   MutableArrayRef<Value> operandGradients) {
  if (gradientTypes[0])
    operandGradients[0] = CombineOp::create(builder, getLoc(), gradientTypes[0], resultGradients[0],
                                            getRowSlot(), getSlotRow(), Value());
  return success();
}

LogicalResult CombineOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                  ArrayRef<Type>, MutableArrayRef<Value> operandGradients) {
  if (!getWeights()) {
    operandGradients[0] = DispatchOp::create(builder, getLoc(), getRows().getType(),
                                             resultGradients[0], getRowSlot(), getSlotRow());
    return success();
  }
  auto grad = CombineGradOp::create(builder, getLoc(), getRows().getType(), getWeights().getType(),
                                    resultGradients[0], getRows(), getRowSlot(), getSlotRow(),
                                    getWeights());
  operandGradients[0] = grad.getDrows();
  operandGradients[3] = grad.getDweights();
  return success();
}

LogicalResult GroupedMatmulOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                        ArrayRef<Type> gradientTypes,
                                        MutableArrayRef<Value> operandGradients) {
  Value dout = resultGradients[0];
  if (gradientTypes[0])
    operandGradients[0] = GroupedMatmulOp::create(builder, getLoc(), gradientTypes[0], dout, getW(),
                                                  getOffsets(), !getTransposeB());
  if (gradientTypes[1]) {
    Value a = getTransposeB() ? dout : getX(), b = getTransposeB() ? getX() : dout;
    operandGradients[1] =
        GroupedMatmulGradOp::create(builder, getLoc(), gradientTypes[1], a, b, getOffsets());
  }
  return success();
}

LogicalResult LmLossOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                 ArrayRef<Type> gradientTypes,
                                 MutableArrayRef<Value> operandGradients) {
  if (failed(expectFirst(*this, resultGradients)))
    return failure();
  auto grad = LmLossGradOp::create(builder, getLoc(), getLossSum().getType(),
                                   getTokenLoss().getType(), getX().getType(), gradientTypes[1],
                                   getX(), getW(), getLabels(), getWeights(), resultGradients[0]);
  operandGradients[0] = grad.getDx();
  operandGradients[1] = grad.getDw();
  return success();
}

LogicalResult JoinColumnsOp::buildVjp(OpBuilder &builder, ArrayRef<Value> resultGradients,
                                      ArrayRef<Type>, MutableArrayRef<Value> operandGradients) {
  auto split = SplitColumnsOp::create(builder, getLoc(), getOperandTypes(), resultGradients[0]);
  llvm::copy(split.getParts(), operandGradients.begin());
  return success();
}

} // namespace step37::ir
