// What is kept for the backward program and what is computed again, so that a rank's memory fits:
// plans are made with more and less of it until little is left over. How the values are chosen is
// passes/recompute.
#pragma once

#include "codegen/driver/Compiler.h"

#include <functional>
#include <string>

namespace step37 {

/// As step37-recompute-activations takes it.
struct Recomputation {
  std::string mode = "none";
  int64_t savedBytes = 0; // of the mode budget
};

/// What a plan takes of a rank's memory, on the target that takes most.
struct MemoryNeed {
  std::string target;
  std::string program; // whose temporaries decide; empty without any
  int64_t arena = 0;
  int64_t lasting = 0;    // of it weights, gradients, optimizer state and the like
  int64_t accumulate = 0; // to where the temporaries of `accumulate` reach
  int64_t saved = 0;      // bytes of values kept for the backward program

  /// Takes over what is larger.
  void add(const plan::Target &target);
};

struct FittedMemory {
  Recomputation recomputation;
  MemoryNeed need; // with it
};

/// With the least that is computed again where the plan fits `budget`, else with all that can be,
/// or what needs less. `attempt` makes a plan; it is called about ten times at most.
FittedMemory fitMemory(int64_t budget,
                       const std::function<MemoryNeed(const Recomputation &)> &attempt);

/// Throws Error "<origin>: …": the `bytes` that a rank needs are more than the budget, and which
/// options need less.
[[noreturn]] void failBudget(const CompileOptions &options, const std::string &origin,
                             const MemoryNeed &need, int64_t bytes);

} // namespace step37
