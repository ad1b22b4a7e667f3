// 8-bit tensors with one scale for each block of 128 rows and columns, as the FP8 release stores
// its experts: value = element · weight_scale_inv of its block, in f32, rounded once to bf16.
#pragma once

#include "bridge/HfDirectory.h"
#include "bridge/WeightSource.h"

namespace step37 {

inline constexpr std::string_view scaleSuffix = "_scale_inv";

/// [..., rows, columns] of F8_E4M3 and [..., ⌈rows/128⌉, ⌈columns/128⌉] of F32 or BF16.
struct BlockScaledPart {
  StoredTensor values, scale;
};

/// The parts, which have one shape, one after another as bf16. Throws Error naming a scale of
/// another shape or type.
std::unique_ptr<TensorSource> openBlockScaled(std::vector<BlockScaledPart> parts);

} // namespace step37
