// The kernels of a target: how often each is used, and its spec in short.
#pragma once

#include "runtime/plan/Plan.h"

#include <string>
#include <vector>

namespace step37::report {

struct KernelUse {
  const plan::Kernel *kernel; // of the target, which outlives this
  int64_t steps = 0;          // of all programs, that run it

  /// Most registers a thread of any GPU stage, and spilled bytes of all; 0 without stages.
  int64_t registers() const;
  int64_t spillBytes() const;
};

/// All kernels, by family, then in the target's order.
std::vector<KernelUse> kernelUses(const plan::Target &target);

/// The spec's fields by name, "k=64 m=8 type=bf16": false flags are left out, lists longer than
/// four are given by their length.
std::string specText(const nlohmann::json &spec);

} // namespace step37::report
