// What is known after a training step.
#pragma once

#include "runtime/train/Losses.h"

#include <cstdint>

namespace step37 {

struct StepRecord {
  int64_t step = 0;
  Losses losses = {};  // masked means over the step's tokens, before the update
  double gradNorm = 0; // global, before clipping
  double lr = 0;
  double tokensPerSecond = 0;
};

} // namespace step37
