// NVTX is headers only: its functions do nothing until a tool hands them a library to call.
// Toolkits that come without the headers give ranges that do nothing at all.
#include "runtime/exec/cuda/Range.h"

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>

namespace step37::cuda {
Range::Range(const char *name) { nvtxRangePushA(name); }
Range::~Range() { nvtxRangePop(); }
} // namespace step37::cuda

#else

namespace step37::cuda {
Range::Range(const char *) {}
Range::~Range() {}
} // namespace step37::cuda

#endif
