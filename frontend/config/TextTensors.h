// The language model's part of the table of tensors; readers take it from TensorTable.h.
#pragma once

#include "frontend/config/TensorTable.h"

namespace step37 {

/// Empty for owners that are not of the language model.
std::span<const TensorRule> textRulesOf(TensorOwner owner);

} // namespace step37
