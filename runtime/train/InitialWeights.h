// The values that parameters and their f32 masters have before the first step.
#pragma once

#include "runtime/exec/Model.h"
#include "runtime/train/RunLog.h"

#include <cstdint>
#include <filesystem>

namespace step37 {

/// Loads `directory` (bridge/WeightSource.h), or without one draws random values of `seed`
/// (bridge/RandomInit.h), into the parameters, rounded to their type, and into the masters, not
/// rounded. Says once what was converted, carried and not needed. Throws Error.
void initializeWeights(Model &model, const std::filesystem::path &directory, uint64_t seed,
                       RunLog &log);

} // namespace step37
