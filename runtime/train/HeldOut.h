// The loss on held-out data.
#pragma once

#include "runtime/data/Dataset.h"
#include "runtime/exec/Model.h"

namespace step37 {

/// Masked mean of the next-token cross-entropy over the data's held-out rows: all of them, or
/// `maxRows` evenly spread ones if there are more. Runs `eval`; nothing that training needs
/// changes. Throws Error where the mask counts no token.
double heldOutLoss(Model &model, Dataset &data, int64_t maxRows);

} // namespace step37
