// What is compiled besides the config: the static shape of a micro-batch, which programs, which
// parts of the model take part in them and which of those are trained.
#pragma once

#include "frontend/config/ImageBounds.h"
#include "frontend/config/Inventory.h"
#include "frontend/config/Switches.h"

#include <optional>

namespace step37 {

/// Parts of the model that training leaves as they are.
struct FrozenParts {
  bool language = false, vision = false, projector = false;
};

struct FrontendOptions {
  int64_t microBatch = 1, seqLen = 1; // rows of a batch, and tokens a row
  int64_t batches = 1;                // that a program works on at once, one after another
  DType type = DType::bf16;           // of parameters and activations: f32 or bf16
  bool train = true, eval = true;
  bool mtp = false;                  // compute the multi-token-prediction layers
  std::optional<ImageBounds> images; // of the vision tower; without them it is only carried
  FrozenParts frozen;
  SwitchValues switches;

  int64_t batchTokens() const { return microBatch * seqLen; }
  int64_t tokens() const { return batches * batchTokens(); }

  /// The heads of multi-token prediction are their own, not the output head of the model.
  bool ownMtpHeads() const { return switches.word("mtp_head") == "own"; }

  /// Whether programs compute with the tensor; the others are carried.
  bool computes(const PublishedTensor &tensor) const;

  /// Whether training changes the tensor, if programs compute with it.
  bool trains(const PublishedTensor &tensor) const;
};

} // namespace step37
