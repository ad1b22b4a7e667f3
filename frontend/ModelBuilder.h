// Lowers a model config to the step37 dialect: parameters, and the forward programs on whole
// tensors. Where the model's structure is decided; backward and optimizer are built by passes, and
// nothing here knows of ranks, tiles or bytes.
#pragma once

#include "frontend/FrontendOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace step37 {

/// Builds the module. Programs (functions): `accumulate` with the objective of one micro-batch if
/// `train`; `eval` (loss of a micro-batch, leaves the final hidden state) and `logits` (a block of
/// rows of that state times the output head) if `eval`. Arguments and results carry `step37.name`.
///
/// With `mtp` and depths k = 0, 1, … the two programs with losses also give `mtp_loss_sum.<k>`,
/// `accumulate` takes `mtp_loss_scale.<k>`, and there is a program `mtp_logits.<k>` for each.
mlir::OwningOpRef<mlir::ModuleOp> buildModel(mlir::MLIRContext &context, const ModelConfig &config,
                                             const FrontendOptions &options);

} // namespace step37
