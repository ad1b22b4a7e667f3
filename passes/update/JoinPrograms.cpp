// The last micro-batch of a step and the update as one program, so that ranks can exchange
// gradients while the backward pass is still running.
#include "dialects/plan/PlanDialect.h"
#include "passes/Passes.h"
#include "runtime/plan/Names.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace step37 {
#define GEN_PASS_DEF_JOINPROGRAMSPASS
#include "passes/Passes.h.inc"

namespace {

struct JoinProgramsPass : impl::JoinProgramsPassBase<JoinProgramsPass> {
  void runOnOperation() override {
    planir::ProgramOp accumulate, update;
    for (auto program : getOperation().getOps<planir::ProgramOp>())
      if (program.getName() == plan::accumulateProgram)
        accumulate = program;
      else if (program.getName() == plan::updateProgram)
        update = program;
    if (!accumulate || !update || update.getOps<planir::CollectiveOp>().empty())
      return;
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfter(update);
    auto joined =
        planir::ProgramOp::create(builder, update.getLoc(), plan::accumulateUpdateProgram);
    builder.setInsertionPointToEnd(&joined.getBody().emplaceBlock());
    IRMapping mapping;
    for (planir::ProgramOp part : {accumulate, update})
      for (Operation &op : part.getBody().front())
        builder.clone(op, mapping);
  }
};

} // namespace
} // namespace step37
