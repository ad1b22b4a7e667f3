// What ranks send each other: the collectives of a target, put together by what they exchange over
// which axes. Bytes are those that a rank sends in a run of the program with every group as a ring:
// of a whole of n bytes over r ranks n·(r−1)/r, twice as much for an all-reduce. Of counted ones
// those of balanced routing, where every rank has as many rows as it owns.
#pragma once

#include "runtime/plan/Plan.h"

#include <string>
#include <vector>

namespace step37::report {

struct ExchangeGroup {
  std::string program, exchange; // "accumulate", "all_reduce"
  std::vector<std::string> axes;
  int64_t ranks = 1, steps = 0, bytes = 0;
  int64_t empty = 0; // of the steps, those without a byte
};

/// In the order of programs and of first steps in them.
std::vector<ExchangeGroup> exchangeGroups(const plan::Target &target);

/// Steps of a program that run on the exchange stream, and waits of one stream for the other.
struct StreamCounts {
  int64_t exchanges = 0, waits = 0;
};
StreamCounts streamCounts(const plan::Program &program);

/// "dp tp".
std::string axesText(const std::vector<std::string> &axes);

} // namespace step37::report
