// One training step: the micro-batches of the step forward and backward, then the update. Which
// steps are run, what is logged and saved is Run.h.
#pragma once

#include "runtime/train/BatchesAhead.h"
#include "runtime/train/Hyperparameters.h"
#include "runtime/train/Objective.h"
#include "runtime/train/Options.h"
#include "runtime/train/StepRecord.h"

namespace step37 {

class Trainer {
public:
  /// Uses `model` and `data`, which outlive it. Throws Error where the plan cannot train.
  Trainer(Model &model, Dataset &data, const TrainOptions &options);

  /// Runs step `number` (1 …): a loss is Σ over all micro-batches of masked cross-entropy / Σ mask
  /// (Objective.h). Waits for the device once, when all of the step is on its way. Draws the next
  /// step's batches meanwhile; when it returns the data is not in use. Throws Error
  /// naming the step where loss or gradient norm are not finite; a norm that is not leaves the
  /// weights as they were.
  StepRecord step(int64_t number);

private:
  void runPrograms(const std::vector<Batch> &batches, int64_t number, double lr);

  Model &model;
  const TrainOptions options;
  Objective objective;
  Hyperparameters hyperparameters;
  bool updatesAtOnce = false; // the plan has a program for the last micro-batch and the update
  BatchesAhead ahead;
};

} // namespace step37
