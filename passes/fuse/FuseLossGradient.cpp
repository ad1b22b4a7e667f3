// lm_loss whose gradient is computed too: the gradient operation gives the loss as well.
#include "passes/Passes.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_FUSELOSSGRADIENTPASS
#include "passes/Passes.h.inc"

namespace {

struct FuseLossGradientPass : impl::FuseLossGradientPassBase<FuseLossGradientPass> {
  void runOnOperation() override {
    getOperation().walk([](ir::LmLossGradOp gradient) {
      llvm::SmallSetVector<Operation *, 4> users; // one may use the value twice
      users.insert_range(gradient.getX().getUsers());
      for (Operation *user : users) {
        auto loss = dyn_cast<ir::LmLossOp>(user);
        if (!loss ||
            loss->getOperands() != gradient->getOperands().take_front(loss->getNumOperands()))
          continue;
        // What uses the loss (the program's results) must come after the gradient.
        bool after = llvm::all_of(loss->getUsers(), [&](Operation *use) {
          return use->getBlock() == gradient->getBlock() && gradient->isBeforeInBlock(use);
        });
        if (!after)
          continue;
        loss.getLossSum().replaceAllUsesWith(gradient.getLossSum());
        loss.getTokenLoss().replaceAllUsesWith(gradient.getTokenLoss());
        loss.erase();
      }
    });
  }
};

} // namespace
} // namespace step37
