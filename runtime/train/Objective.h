// What training minimises: the loss of next-token prediction and, in a plan with multi-token
// prediction, those of its depths. Each is a mean over what it predicts in all micro-batches of a
// step (and all ranks); the total is main + factor·Σ of the depths (docs/model.md, section C.3).
#pragma once

#include "runtime/data/TokenRows.h"
#include "runtime/exec/Model.h"
#include "runtime/train/Losses.h"

#include <deque>
#include <string>
#include <vector>

namespace step37 {

class Objective {
public:
  /// Finds the losses that the plan computes. Throws Error where their factor is unusable.
  explicit Objective(Model &model);

  /// Starts a step (or a probe) of which all micro-batches are known.
  void begin();
  /// Counts what a micro-batch predicts.
  void count(const TokenRows &batch);
  /// Whether anything was counted: a step without is none.
  bool countsAny() const { return !terms.empty() && terms.front().counted > 0; }
  /// Writes the factors with which `accumulate` makes gradients, once all are counted.
  void writeScales();
  /// Begins to read the sums that `accumulate` or `eval` leaves; they are there when the executor's
  /// finishReads has returned.
  void startSums();

  /// The means of all sums that are there; 0 where nothing is predicted.
  Losses losses() const;

  /// Depths of multi-token prediction.
  size_t depths() const { return terms.size() - 1; }

private:
  struct Term {
    std::string sum, scale; // buffers
    int64_t by;             // positions from a token to the one that is predicted
    double factor;
    double counted = 0;
    std::deque<float> sums{}; // of micro-batches; they stay in place while they are read

    double mean() const;
  };

  Model &model;
  std::vector<Term> terms; // the main loss first
};

} // namespace step37
