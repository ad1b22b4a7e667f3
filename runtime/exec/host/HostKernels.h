// The twin of every kernel family. What a twin computes and which arguments it takes is said at its
// spec (codegen/spec); the arguments are trusted here, the executor has checked them. Each is
// defined in the file of its topic.
#pragma once

#include "runtime/exec/host/HostKernel.h"

namespace step37::host {

#define STEP37_DECLARE_TWIN(Family) HostTwin<spec::Family> twinOf(const spec::Family &spec);
STEP37_FAMILIES(STEP37_DECLARE_TWIN)
#undef STEP37_DECLARE_TWIN

} // namespace step37::host
