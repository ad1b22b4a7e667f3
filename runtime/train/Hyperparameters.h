// The scalars that a plan's optimizers take, by the optimizers' names of them, and what a run
// writes into each before a step. Which of them a plan has is the plan's.
#pragma once

#include "runtime/exec/Model.h"
#include "runtime/train/Options.h"

#include <string>
#include <vector>

namespace step37 {

class Hyperparameters {
public:
  /// Those of the model's plan. Throws Error naming one that nothing is known of.
  explicit Hyperparameters(const Model &model);

  /// Writes their values for step `number`, counted from 1, with this learning rate.
  void write(Model &model, const OptimizerOptions &options, double learningRate,
             int64_t number) const;

private:
  std::vector<std::string> names; // without the prefix
};

} // namespace step37
