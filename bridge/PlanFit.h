// Whether a plan's parameters are the local tensors of the plan layout, so that a rank checkpoint
// made for the plan's mesh is what its ranks load.
#pragma once

#include "bridge/RankLayout.h"

namespace step37 {

/// Throws Error naming the first parameter that is not the local tensor of its name: in the
/// elements of its buffer in any target, which are as many on every rank, or, on a mesh of one
/// rank, in the place of a published tensor in it.
void checkPlanFits(const plan::Plan &plan, const TensorMap &map);

} // namespace step37
