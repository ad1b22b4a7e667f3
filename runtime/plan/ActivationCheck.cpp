// What a plan says of the activations that it keeps and computes again.
#include "runtime/plan/Names.h"
#include "runtime/plan/PlanCheck.h"

#include <algorithm>
#include <limits>

namespace step37::plan {

namespace {

/// Adds a number of at least 0; all together must fit 64 bits.
void addTo(int64_t &sum, int64_t value, const FieldPath &path) {
  if (value < 0)
    path.fail(std::to_string(value) + " is less than 0");
  if (value > std::numeric_limits<int64_t>::max() - sum)
    path.fail("the sum up to here is beyond 64 bits");
  sum += value;
}

void checkNamed(const std::string &text, const FieldPath &path) {
  if (text.empty())
    path.fail("is empty");
}

} // namespace

void checkActivations(const Plan &plan, const FieldPath &path) {
  const Activations &activations = plan.activations;
  const FieldPath saved = path.field("saved"), recomputed = path.field("recomputed"),
                  budget = path.field("memory_budget");
  if (std::ranges::count(recomputeModes, activations.recompute) == 0)
    path.field("recompute").fail("unknown value '" + activations.recompute + "'");
  if (activations.memory_budget < 0)
    budget.fail(std::to_string(activations.memory_budget) + " is less than 0");
  if (activations.recompute == "budget" && activations.memory_budget == 0)
    budget.fail("is missing: recompute is 'budget'");

  const bool trains = std::ranges::any_of(plan.targets, [](const Target &target) {
    return target.findProgram(accumulateProgram) >= 0;
  });
  if (!trains && !activations.saved.empty())
    saved.fail("there is no program 'accumulate' to keep them for");
  if (!trains && !activations.recomputed.empty())
    recomputed.fail("there is no program 'accumulate' to compute them again");

  int64_t savedBytes = 0, bytes = 0, flops = 0, sent = 0;
  for (size_t i = 0; i < activations.saved.size(); ++i) {
    const SavedActivation &tensor = activations.saved[i];
    const FieldPath here = saved.element(i), shape = here.field("shape");
    checkNamed(tensor.operation, here.field("operation"));
    addTo(savedBytes, checkShape(tensor.shape, byteSize(tensor.type), shape), shape);
  }
  for (size_t i = 0; i < activations.recomputed.size(); ++i) {
    const RecomputedActivation &results = activations.recomputed[i];
    const FieldPath here = recomputed.element(i);
    checkNamed(results.operation, here.field("operation"));
    addTo(bytes, results.bytes, here.field("bytes"));
    addTo(flops, results.flops, here.field("flops"));
    addTo(sent, results.sent_bytes, here.field("sent_bytes"));
  }
}

} // namespace step37::plan
