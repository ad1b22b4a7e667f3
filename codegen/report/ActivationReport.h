// What a plan keeps between the forward and the backward part of `accumulate`, and what the
// backward part computes again: alike ones of all layers together for a person, each for programs.
#pragma once

#include "runtime/plan/Plan.h"

#include <string>
#include <vector>

namespace step37::report {

/// Saved tensors alike: of one type and shape, made by one kind of operation, with origins that
/// differ in numbers only.
struct SavedGroup {
  std::string origin, operation; // numbers in the origin as '*'
  DType type;
  std::vector<int64_t> shape;
  int64_t count = 0, bytes = 0;
};

/// Results alike that are computed again.
struct RecomputedGroup {
  std::string origin, operation;
  bool overflow = false;
  int64_t count = 0, bytes = 0, flops = 0, sentBytes = 0;
};

/// Those with most bytes first.
std::vector<SavedGroup> savedGroups(const plan::Activations &activations);
/// What runs always before what overflow needs, then those with most bytes first.
std::vector<RecomputedGroup> recomputedGroups(const plan::Activations &activations);

/// Both as tables with their sums; empty where the plan does not train.
std::string activationsText(const plan::Plan &plan);

/// Keys: recompute, memory_budget (null where none was given), saved_bytes, recomputed_bytes,
/// recomputed_flops, recomputed_sent_bytes (without what is there for overflow only); saved and
/// recomputed, an object a tensor or operation, with the keys of the plan file.
nlohmann::ordered_json activationsJson(const plan::Activations &activations);

} // namespace step37::report
