// Whether a plan uses the last page of its arena: if not, the plan asks for more than it needs.
#pragma once

#include "test/cuda/RunComparison.h"

namespace step37::test {

/// Poisons the last 4096 bytes of the arena, as far as buffers lie there, runs the programs that
/// those buffers belong to, and looks for bytes that have changed.
Verdict lastPageIsUsed(const std::filesystem::path &plan, const std::string &device);

} // namespace step37::test
