// What the results of a training run depend on, by name: written to every checkpoint, and compared
// when one is resumed. What may change is not in it: number of steps, logging, saving, threads.
#pragma once

#include "runtime/data/Dataset.h"
#include "runtime/exec/Model.h"
#include "runtime/train/Options.h"

#include <nlohmann/json.hpp>

namespace step37 {

/// Keys are names of options where there is one.
nlohmann::json runDescription(const Model &model, const Dataset &data, const TrainOptions &options);

} // namespace step37
