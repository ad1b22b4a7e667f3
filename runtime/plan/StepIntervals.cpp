// When steps of the exchange stream may run, in terms of the steps that compute.
#include "runtime/plan/Plan.h"

#include <algorithm>
#include <array>

namespace step37::plan {

std::vector<std::array<int, 2>> endedBefore(const std::vector<Step> &steps) {
  std::vector<std::array<int, 2>> ended(steps.size());
  std::array<int, 2> latest{-1, -1};
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto own = static_cast<size_t>(steps[i].stream);
    std::array<int, 2> &here = ended[i];
    here = latest[own] < 0 ? std::array<int, 2>{-1, -1} : ended[static_cast<size_t>(latest[own])];
    here[own] = latest[own];
    for (const int other : steps[i].after) {
      const std::array<int, 2> &before = ended[static_cast<size_t>(other)];
      here[own] = std::max(here[own], before[own]);
      here[1 - own] = std::max({here[1 - own], before[1 - own], other});
    }
    latest[own] = static_cast<int>(i);
  }
  return ended;
}

std::vector<StepInterval> stepIntervals(const std::vector<Step> &steps) {
  const std::vector<std::array<int, 2>> ended = endedBefore(steps);
  // Stream 0 knows more and more of stream 1 to have ended.
  std::vector<StepInterval> intervals(steps.size());
  const int end = static_cast<int>(steps.size()) - 1;
  size_t unknown = 0; // steps of stream 1 from here on are not known to have ended
  for (size_t i = 0; i < steps.size(); ++i) {
    const int number = static_cast<int>(i);
    if (steps[i].stream == 1) {
      intervals[i] = {ended[i][0] + 1, end};
      continue;
    }
    intervals[i] = {number, number};
    for (; static_cast<int>(unknown) <= ended[i][1]; ++unknown)
      if (steps[unknown].stream == 1)
        intervals[unknown].last = number;
  }
  return intervals;
}

} // namespace step37::plan
