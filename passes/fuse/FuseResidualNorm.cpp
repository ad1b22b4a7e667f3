// A residual addition and the norm of its result become one operation, and so do the norm's
// gradient and the addition of the residual's gradient.
#include "passes/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_FUSERESIDUALNORMPASS
#include "passes/Passes.h.inc"

namespace {

/// rms_norm(add(a, b, …)) → rms_norm(a, b, …), whose `sum` replaces the addition's result.
struct FuseForward : OpRewritePattern<ir::RmsNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ir::RmsNormOp norm, PatternRewriter &rewriter) const override {
    if (norm.getAddends().size() != 1)
      return failure();
    auto add = norm.getAddends()[0].getDefiningOp<ir::AddOp>();
    if (!add || add.getValues().size() < 2 || add->getBlock() != norm->getBlock())
      return failure();
    // The sum appears where the norm is, so every other user must come later.
    for (Operation *user : add->getUsers())
      if (user != norm && user->isBeforeInBlock(norm))
        return failure();
    auto fused =
        ir::RmsNormOp::create(rewriter, norm.getLoc(), norm.getY().getType(),
                              norm.getInverseRms().getType(), add.getType(), add.getValues(),
                              norm.getWeight(), norm.getEpsAttr(), norm.getWeightOffsetAttr());
    rewriter.replaceOp(norm, {fused.getY(), fused.getInverseRms()});
    rewriter.replaceOp(add, fused.getSum());
    return success();
  }
};

/// add(…, rms_norm_grad.dx, …) → rms_norm_grad with the other summands as residuals.
struct FuseBackward : OpRewritePattern<ir::AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ir::AddOp add, PatternRewriter &rewriter) const override {
    ir::RmsNormGradOp gradient;
    SmallVector<Value> residuals;
    for (Value value : add.getValues()) {
      auto candidate = value.getDefiningOp<ir::RmsNormGradOp>();
      if (!gradient && candidate && candidate.getDx() == value && value.hasOneUse())
        gradient = candidate;
      else
        residuals.push_back(value);
    }
    if (!gradient)
      return failure();
    // The fused operation stands where the gradient stood: what it adds must be there already.
    for (Value value : residuals)
      if (Operation *producer = value.getDefiningOp())
        if (producer->getBlock() != gradient->getBlock() || !producer->isBeforeInBlock(gradient))
          return failure();
    residuals.append(gradient.getResiduals().begin(), gradient.getResiduals().end());
    rewriter.setInsertionPoint(gradient);
    Value weight = gradient.getDweight();
    auto fused = ir::RmsNormGradOp::create(
        rewriter, gradient.getLoc(), gradient.getDx().getType(), weight ? weight.getType() : Type(),
        gradient.getDy(), gradient.getX(), gradient.getWeight(), gradient.getInverseRms(),
        residuals, gradient.getEpsAttr(), gradient.getWeightOffsetAttr());
    if (weight)
      rewriter.replaceAllUsesWith(weight, fused.getDweight());
    rewriter.replaceOp(add, fused.getDx());
    rewriter.eraseOp(gradient);
    return success();
  }
};

struct FuseResidualNormPass : impl::FuseResidualNormPassBase<FuseResidualNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseForward, FuseBackward>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
} // namespace step37
