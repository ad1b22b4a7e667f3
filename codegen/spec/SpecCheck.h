// Checks that a spec's sizes make sense together, so that kernels and their callers need not.
#pragma once

#include "codegen/spec/KernelSpec.h"

namespace step37::spec {

/// Sizes are positive (where a kernel has no use for 0), below 2^31 except for counts of elements
/// (indices in buffers and sizes of BLAS are 32-bit), and fit each other; the bytes of every
/// argument fit in 64 bits. Throws Error "<family>.<field>: what is wrong".
void check(const KernelSpec &spec);

} // namespace step37::spec
