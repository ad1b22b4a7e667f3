// What the dimensions of a published tensor count. Meshes split tensors by these names; which axes
// a name goes to is not known here.
#pragma once

#include "frontend/config/Inventory.h"

#include <string_view>
#include <vector>

namespace step37 {

/// A name for each dimension of a tensor of the text model: "vocab" (rows of embedding and head),
/// "head" (rows or columns of attention projections, whole heads), "ffn" (width of dense and shared
/// MLPs), "expert", "expert_ffn"; "" where a dimension is never split. Empty where none is.
std::vector<std::string_view> logicalDims(const PublishedTensor &tensor);

} // namespace step37
