// What a plan computes for one given batch: logits, loss and, asked for, the gradient of every
// trained tensor. The way to compare a plan with any other implementation.
#pragma once

#include "runtime/exec/Model.h"
#include "runtime/train/Options.h"

namespace step37 {

/// Reads the batch from options.input (TokenRows.h; its rows are those of a micro-batch of all
/// ranks) and writes options.output, a safetensors file that appears when it is complete:
///   logits       F32 [rows, seqLen, vocab], streamed chunk by chunk
///   loss         F32 [1], Σ mask[t+1]·CE(logits[t], id[t+1]) / Σ mask[t+1]
///   grad.<name>  F32, with `grads`: d loss / d tensor, for every trained published tensor
/// and of a plan with multi-token prediction, whose gradients are those of the total loss:
///   main_loss, total_loss  F32 [1]
///   mtp_losses   F32 [depths]
///   mtp_logits   F32 [depths, rows, seqLen, vocab]
/// The model's weights are in place. Throws Error.
void probe(Model &model, const ProbeOptions &options);

} // namespace step37
