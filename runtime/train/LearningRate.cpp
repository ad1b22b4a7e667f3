// Warm-up and schedules; see LearningRate.h.
#include "runtime/train/LearningRate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace step37 {

double minimumLearningRate(const OptimizerOptions &options) {
  return options.min_lr.value_or(options.lr / 10);
}

double learningRate(const OptimizerOptions &options, int64_t step, int64_t steps) {
  if (step <= options.warmup)
    return options.lr * static_cast<double>(step) / static_cast<double>(options.warmup);
  if (options.schedule == Schedule::constant)
    return options.lr;
  double lowest = minimumLearningRate(options);
  double progress = static_cast<double>(step - options.warmup) /
                    static_cast<double>(std::max<int64_t>(steps - options.warmup, 1));
  double cosine = std::cos(std::numbers::pi * std::min(progress, 1.0));
  return lowest + (options.lr - lowest) * (1 + cosine) / 2;
}

} // namespace step37
