// Experts' packed gate and up projections and their SwiGLU become one operation.
#include "passes/Passes.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_FUSEEXPERTACTIVATIONPASS
#include "passes/Passes.h.inc"

namespace {

/// The product of which `value` is the half of the columns that begins at `half` halves; null if it
/// is not.
ir::GroupedMatmulOp productOfHalf(Value value, int64_t half) {
  auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice)
    return nullptr;
  auto product = slice.getSource().getDefiningOp<ir::GroupedMatmulOp>();
  ArrayRef<int64_t> whole = slice.getSourceType().getShape();
  int64_t cols = slice.getType().getDimSize(1);
  bool isHalf = slice.getStaticOffsets() == ArrayRef<int64_t>{0, half * cols} &&
                slice.getStaticSizes() == ArrayRef<int64_t>{whole[0], cols} &&
                slice.getStaticStrides() == ArrayRef<int64_t>{1, 1} && whole[1] == 2 * cols;
  return isHalf ? product : nullptr;
}

struct FuseExpertActivationPass : impl::FuseExpertActivationPassBase<FuseExpertActivationPass> {
  void runOnOperation() override {
    getOperation().walk([](ir::SwigluOp activation) {
      ir::GroupedMatmulOp product = productOfHalf(activation.getGate(), 0);
      if (!product || !product.getTransposeB() || productOfHalf(activation.getUp(), 1) != product ||
          product->getBlock() != activation->getBlock())
        return;
      OpBuilder builder(product);
      auto fused = ir::GroupedSwigluOp::create(
          builder, activation.getLoc(), product.getOut().getType(), activation.getType(),
          product.getX(), product.getW(), product.getOffsets(), activation.getLimitAttr(),
          activation.getClampAttr());
      fused->setDiscardableAttrs(product->getDiscardableAttrDictionary());
      product.getOut().replaceAllUsesWith(fused.getGateUp());
      activation.getOut().replaceAllUsesWith(fused.getOut());
      activation.erase();
      product.erase();
    });
  }
};

} // namespace
} // namespace step37
