// Whether published weights, wherever they are (WeightSource.h), are those that a plan needs, and
// what a user should be told of them. Loading them is PartMover.h.
#pragma once

#include "bridge/WeightSource.h"
#include "runtime/plan/Plan.h"

#include <cstdint>
#include <string>
#include <vector>

namespace step37 {

/// What a user should be told once about weights that fit a plan.
struct WeightsSummary {
  struct Conversion {
    std::string from; // published spelling: "F32"
    DType to;         // of the plan's buffer
    int64_t tensors;
  };
  std::vector<Conversion> conversions;
  std::vector<std::string> unneeded; // stored names that neither the plan nor its config has
  int64_t carried = 0;               // tensors that the plan carries along, not computed with

  /// One line for each kind of remark; empty where there is nothing to say.
  std::vector<std::string> lines(const WeightSource &source) const;
};

/// Checks that every published tensor of the plan's parameters is there, with the plan's shape and
/// of a type that WeightSource::open takes, before any of it is loaded. Throws Error
/// "<file>: <tensor>: …".
WeightsSummary checkWeights(const WeightSource &source, const plan::Plan &plan,
                            const plan::Target &target);

} // namespace step37
