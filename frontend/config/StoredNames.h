// Names that checkpoints have for published tensors besides their own: with the prefixes of a
// package, and of each expert by itself. Which tensors there are is TensorTable.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace step37 {

/// The published name of a tensor: `model.language_model.*`, `model.vision_model.*` and
/// `model.vit_large_projector.*` without the prefix that packaged models put before them.
std::string publishedTensorName(std::string_view stored);

/// Of a tensor that stacks experts, the one of expert E as some checkpoints store it:
/// `….experts.E.gate_proj.weight`; empty for tensors that stack no experts.
std::string expertTensorName(std::string_view stacked, int64_t expert);

/// One expert's tensor that is stored by itself.
struct SingleExpert {
  std::string stacked; // the stack that it belongs to
  int64_t expert = 0;
};

/// The inverse of expertTensorName; empty for other names, "experts.07" and the like among them.
std::optional<SingleExpert> parseExpertName(std::string_view name);

} // namespace step37
