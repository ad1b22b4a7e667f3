// Lowers a model config to the step37 dialect: parameters, and the forward programs on whole
// tensors. Where the model's structure is decided; backward and optimizer are built by passes, and
// nothing here knows of ranks, tiles or bytes.
#pragma once

#include "frontend/config/ModelConfig.h"
#include "frontend/config/Switches.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace step37 {

/// What is compiled besides the config: the static shape of a micro-batch, and which programs.
struct FrontendOptions {
  int64_t microBatch = 1, seqLen = 1; // rows of a batch, and tokens a row
  int64_t batches = 1;                // that a program works on at once, one after another
  DType type = DType::bf16;           // of parameters and activations: f32 or bf16
  bool train = true, eval = true;
  SwitchValues switches;
};

/// Builds the module. Programs (functions): `accumulate` with the objective of one micro-batch if
/// `train`; `eval` (loss of a micro-batch, leaves the final hidden state) and `logits` (a block of
/// rows of that state times the output head) if `eval`. Arguments and results carry `step37.name`.
mlir::OwningOpRef<mlir::ModuleOp> buildModel(mlir::MLIRContext &context, const ModelConfig &config,
                                             const FrontendOptions &options);

} // namespace step37
