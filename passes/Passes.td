// The passes, in the order in which Pipelines.cpp runs them. Each says which contract it needs and keeps:
// logical (whole tensors), local (what a rank holds, packed and fused), planned (steps with offsets).
#ifndef STEP37_PASSES_TD
#define STEP37_PASSES_TD

include "mlir/Pass/PassBase.td"

def BuildBackwardPass : Pass<"step37-build-backward", "::mlir::ModuleOp"> {
  let summary = "Differentiate every program that has an objective.";
  let description = [{
    Walks the program in reverse from `step37.objective`, asks each operation for its gradient through
    its interface, sums what meets at a value, and accumulates what reaches a trained parameter into a
    gradient state that it creates, one contribution for each use of the parameter. Keeps the logical
    contract.
  }];
  let options = [Option<"gradientType", "gradient-type", "std::string", "\"f32\"",
                        "storage of gradients: f32 or bf16">];
  let dependentDialects = ["::step37::ir::Step37Dialect"];
}

def BuildUpdatePass : Pass<"step37-build-update", "::mlir::ModuleOp"> {
  let summary = "Build the program `update`: global norm, clipping, the optimizer.";
  let description = [{
    For every parameter with a gradient creates what the optimizer keeps, and an f32 master unless it is f32 itself. Works on
    what a rank holds, behind packing: gradients that are partial are summed over their axes; with `split-state` a
    rank sums, keeps state for, and updates its part of the elements, and parameters are gathered. The norm has the
    same bits either way. Keeps the local contract.
  }];
  let dependentDialects = ["::step37::ir::Step37Dialect", "::mlir::tensor::TensorDialect"];
  let options = [Option<"splitState", "split-state", "bool", "true",
                        "split optimizer state over the ranks that hold the same parameter">,
                 Option<"optimizer", "optimizer", "std::string", "\"adamw\"",
                        "the optimizer's name (dialects/step37/Optimizers.h)">];
}

def VerifyLogicalPass : Pass<"step37-verify-logical", "::mlir::ModuleOp"> {
  let summary = "Check contract 1: the program on whole tensors.";
  let description = [{
    C1: programs hold only step37, tensor and func operations.
    C2: every operation's location is a module path.
    C3: no parameter has more than one part.
    C4: a program is one block.
  }];
}

def AssignShardingPass : Pass<"step37-assign-sharding", "::mlir::ModuleOp"> {
  let summary = "Say how parameters and inputs lie on the mesh.";
  let description = [{
    Puts the mesh on the module and `split` on parameters and arguments, by the names of their dimensions. Without
    axes there is one rank, and nothing is done. Keeps the logical contract.
  }];
  let options = [
    ListOption<"axes", "axes", "std::string", "axes of the mesh, slowest first: name=size">,
    ListOption<"dims", "dims", "std::string", "what dimensions are split over: name=axis+axis">];
}

def ExchangeExpertsPass : Pass<"step37-exchange-experts", "::mlir::ModuleOp"> {
  let summary = "Move rows to the ranks of their experts instead of gathering tokens there.";
  let description = [{
    Tokens lie on the ranks of their experts as on all others: every `sort_by_expert` becomes a `place_rows`, and
    around what takes rows from tokens and puts them back, rows are sent to their experts and returned. Without this
    pass the ranks that share experts gather their tokens. Keeps the logical contract.
  }];
  let dependentDialects = ["::step37::ir::Step37Dialect"];
}

def PartitionPass : Pass<"step37-partition", "::mlir::ModuleOp"> {
  let summary = "Make of whole programs what each rank computes.";
  let description = [{
    Shardings spread from parameters and arguments through the sharding rules of the operations, in program order;
    types become those of a rank's part; collectives are inserted where an operation needs what another rank has,
    and where a sum over ranks is due. Gradients stay partial (their states say over which axes). Takes the logical
    contract.
  }];
  let dependentDialects = ["::step37::ir::Step37Dialect"];
  let options = [
    ListOption<"tokenAxes", "token-axes", "std::string",
               "axes that sums of activations are scattered over, slowest first: those of the batch, "
               "and behind them those of sequence parallelism">,
    Option<"expertRows", "expert-rows", "double", "2.0",
           "rows that a rank's experts work on at once, as a multiple of the mean; rows beyond them are worked "
           "on in further windows">];
}

def PackProjectionsPass : Pass<"step37-pack-projections", "::mlir::ModuleOp"> {
  let summary = "Make one product of sibling projections.";
  let description = [{
    Parameters with the same `pack` become one, rows one after another (per expert for stacked ones),
    together with the states of their gradients; their products become one product whose result is sliced, their
    gradients one product with the concatenation. Takes what step37-partition gives, keeps the local contract.
  }];
  let dependentDialects = ["::step37::ir::Step37Dialect", "::mlir::tensor::TensorDialect"];
}

def RecomputeActivationsPass : Pass<"step37-recompute-activations", "::mlir::ModuleOp"> {
  let summary = "Compute activations again in the backward program instead of keeping them.";
  let description = [{
    none: only what operations marked `step37.overflow` give, and cheap values that only these need. selective: also wide results of operations that
    neither multiply nor exchange (norms, rotations, activations, copies of rows). full: also everything else that the
    forward program does not use outside of its own block of the model. budget: of what full computes again only so
    much that what is kept has no more than `saved-bytes`, or as little as can be. It chooses one operation after
    another, each time the one that frees most bytes for what computing it again costs, with all that it needs and is
    not kept: its products' operations (WorkOpInterface), the bytes that it moves and those that it sends, weighted by
    how fast a GPU does each. What is computed again is a clone before its first use in the backward program, so
    gradients keep their bits. Keeps the local contract.
  }];
  let options = [Option<"mode", "mode", "std::string", "\"none\"", "none, selective, full or budget">,
                 Option<"savedBytes", "saved-bytes", "int64_t", "0",
                        "of the mode budget: what may be kept for the backward program">];
}

def FuseResidualNormPass : Pass<"step37-fuse-residual-norm", "::mlir::ModuleOp"> {
  let summary = "Fuse residual additions into the norm that follows, and into its gradient.";
  let description = [{Keeps the local contract.}];
  let dependentDialects = ["::step37::ir::Step37Dialect"];
}

def FuseExpertActivationPass : Pass<"step37-fuse-expert-activation", "::mlir::ModuleOp"> {
  let summary = "Fuse experts' packed gate and up projections with their activation.";
  let description = [{
    A swiglu of the two halves of a grouped_matmul's result and that product become a grouped_swiglu,
    which still gives the product's result, for the gradient. Keeps the local contract; runs after
    siblings are packed.
  }];
  let dependentDialects = ["::step37::ir::Step37Dialect"];
}

def FuseLossGradientPass : Pass<"step37-fuse-loss-gradient", "::mlir::ModuleOp"> {
  let summary = "Compute the loss where its gradient is computed.";
  let description = [{
    The logits are made chunk by chunk once, for the loss and for its gradient, instead of once for
    each. Keeps the local contract.
  }];
  let dependentDialects = ["::step37::ir::Step37Dialect"];
}

def VerifyLocalPass : Pass<"step37-verify-local", "::mlir::ModuleOp"> {
  let summary = "Check contract 2: what one rank computes.";
  let description = [{
    C1: no parameter waits for its siblings (`pack` is gone).
    C2: no objective is left.
    C3: every parameter that is trained has a gradient, if one has.
    C4: every part of a parameter has the shape that its split leaves of the whole on this mesh, and a gradient or
    an optimizer's state the elements that its axes leave of the parameter.
    C5: a sum over ranks is not used before it is complete: a value that is partial over axes of the mesh
    (`step37.partial`) goes into an exchange that sums over them, into an operation whose results are marked partial
    over them, or into a gradient that is; a gradient that is partial is summed up before its norm and its
    parameter's update. The marks are those of `step37-partition` and are trusted: that a value without a mark is
    complete, and that an operation is linear in what it takes, is not checked.
    C6: every effect that leaves a rank is an exchange over axes of this mesh, with as many ranks as they have.
  }];
}

def JoinProgramsPass : Pass<"step37-join-programs", "::mlir::ModuleOp"> {
  let summary = "Make a program `accumulate_update` of both, where the update exchanges data.";
  let description = [{
    A training step runs `accumulate` for all micro-batches but the last, and this program for the last one: in it a
    gradient can be reduced as soon as its last contribution is there. The same steps in the same order as one program
    behind the other, so the results have the same bits. Takes steps on buffers.
  }];
  let dependentDialects = ["::step37::planir::PlanDialect"];
}

def ShareStoragePass : Pass<"step37-share-storage", "::mlir::ModuleOp"> {
  let summary = "Let results take over the storage of arguments that die.";
  let description = [{
    Where the kernel allows it and both are whole temporaries of one type. Drops temporaries without a use. Takes
    steps on buffers in the order in which they were written, before any of them is on another stream.
  }];
  let statistics = [Statistic<"inPlace", "in-place", "results that took over an argument's storage">];
  let dependentDialects = ["::step37::planir::PlanDialect"];
}

def ScheduleExchangePass : Pass<"step37-schedule-exchange", "::mlir::ModuleOp"> {
  let summary = "Let ranks exchange data while they compute.";
  let description = [{
    Collectives go to stream 1, all else stays on stream 0, and steps are listed in the order of a simulated run with
    the expected times of their kernels. A collective begins as soon as what it sends is there and stream 1 is free;
    one that nobody needs soon (a gradient's) only where stream 1 has nothing else, and not before somebody needs it
    soon where it would take memory (activations gathered for the backward pass). Of the compute steps that wait for
    no exchange, among the next `window` in the order of the program, those come first that others need; those that
    nobody needs soon (gradients of weights) fill the time in which an exchange is waited for. `after` says what waits
    for what. Takes steps on buffers; programs without a collective stay as they are.
  }];
  let options = [Option<"window", "window", "int64_t", "32", "steps ahead that are soon">];
  let statistics = [Statistic<"moved", "moved", "steps that run at another place in the list">];
  let dependentDialects = ["::step37::planir::PlanDialect"];
}

def PlanMemoryPass : Pass<"step37-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give every buffer its offset in the arena.";
  let description = [{
    Places lasting buffers one after another, and behind them the temporaries of each program: larger ones first, each
    at the lowest offset that is free during its lifetime. A temporary lives as long as any step that touches it may
    run: a step of the exchange stream from behind what it has waited for until stream 0 has waited for it.
    Programs share that region. Takes steps on buffers, gives the planned contract.
  }];
  let dependentDialects = ["::step37::planir::PlanDialect"];
}

def VerifyPlannedPass : Pass<"step37-verify-planned", "::mlir::ModuleOp"> {
  let summary = "Check contract 3: a list of steps on placed buffers.";
  let description = [{
    C1: the module holds only plan operations.
    C2: every buffer and temporary has an offset.
    C3: no two buffers that live at the same time overlap.
    C4: no temporary is read before it is written.
    C5: of two steps on different streams that touch the same elements, one of both writing, one waits for the other.
  }];
}

#endif
