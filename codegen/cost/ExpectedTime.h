// How long a kernel is expected to take, for passes that order steps: what matters is which of two
// is longer, not by how much. Predictions for people are codegen/cost/CostModel.h.
#pragma once

#include "codegen/spec/KernelSpec.h"

namespace step37 {

/// In nanoseconds, on the GPU that plans are made for and links inside a machine.
int64_t expectedNanoseconds(const spec::KernelSpec &spec);

} // namespace step37
