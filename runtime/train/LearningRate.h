// The learning rate of a step.
#pragma once

#include "runtime/train/Options.h"

namespace step37 {

/// Learning rate of `step` (1 … steps): rises linearly from lr/warmup to lr over the first `warmup`
/// steps, then stays (constant) or follows half a cosine that reaches min_lr at the last step.
double learningRate(const OptimizerOptions &options, int64_t step, int64_t steps);

/// min_lr, or its default.
double minimumLearningRate(const OptimizerOptions &options);

} // namespace step37
