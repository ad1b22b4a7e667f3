// The tokens that stand for a picture in a row (docs/model.md, section E.2). Where its crops lie is
// runtime/data/image/CropLayout.h.
#pragma once

#include "runtime/data/image/CropLayout.h"
#include "runtime/plan/Plan.h"

#include <cstdint>
#include <vector>

namespace step37 {

/// Ids of the tokens around and in place of features; −1 where a tokenizer has no such token.
struct ImageTokens {
  int32_t feature = -1;                 // "<im_patch>"
  int32_t viewBegin = -1, viewEnd = -1; // "<im_start>", "<im_end>"
  int32_t cropBegin = -1, cropEnd = -1; // "<patch_start>", "<patch_end>"
  int32_t newline = -1;                 // "<patch_newline>"
};

/// How many tokens stand for a picture: its crops, each between two tokens and with a newline
/// behind lines of them, then the global view between two tokens.
int64_t imageTokenCount(const CropLayout &layout, const plan::ImageInputs &inputs);

/// Appends them to `ids`.
void appendImageTokens(const CropLayout &layout, const plan::ImageInputs &inputs,
                       const ImageTokens &tokens, std::vector<int32_t> &ids);

} // namespace step37
