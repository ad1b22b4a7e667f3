// Whether a plan's parameters are the local tensors of the plan layout, so that a rank checkpoint
// made for the plan's mesh is what its ranks load.
#pragma once

#include "bridge/RankLayout.h"

namespace step37 {

/// Throws Error naming the first parameter that is not the local tensor of its name on some rank:
/// in its elements, or in which elements of a published tensor it has and where.
void checkPlanFits(const plan::Plan &plan, const TensorMap &map);

} // namespace step37
