// The vision tower's part of the table of tensors; readers take it from TensorTable.h.
#pragma once

#include "frontend/config/TensorTable.h"

namespace step37 {

/// Of the tower and its projector; empty for other owners.
std::span<const TensorRule> visionRulesOf(TensorOwner owner);

} // namespace step37
