// Compares two sets of weights, in whatever form each of them is: names, shapes, types, bytes.
#pragma once

#include "bridge/WeightSource.h"
#include "bridge/WorkItems.h"

#include <string>
#include <vector>

namespace step37 {

struct ComparisonOptions {
  int threads = 1;
  Progress progress = {}; // bytes of `a`
};

struct Comparison {
  int64_t tensors = 0;                  // of both, by name
  int64_t bytes = 0;                    // compared
  std::vector<std::string> differences; // a line each: tensor, what differs and by how much
};

/// A tensor's elements are compared where shape and type are equal: how many differ in their bytes,
/// the largest difference, and the norm of the difference over that of `a`. Experts that are stored
/// one by one count as the stack.
Comparison compareWeights(const WeightSource &a, const WeightSource &b,
                          const ComparisonOptions &options);

} // namespace step37
