// The report of a plan that `step37c show` prints for a person, section by section. Numbers come
// from the other files of this folder; programs read JsonReport.h instead. `table` is the bridge's,
// of the plan's config.
#pragma once

#include "bridge/TensorMap.h"
#include "runtime/plan/Plan.h"

#include <string>
#include <vector>

namespace step37::report {

/// What the plan is for, its published tensors, for each target the planned bytes by kind and its
/// programs, and what is kept and computed again between forward and backward.
std::string summaryText(const plan::Plan &plan, const std::vector<MappedTensor> &table);

/// What makes the peak up, for each target: the lasting buffers in groups, the peak step of every
/// program and the largest groups of temporaries that are live there.
std::string memoryText(const plan::Plan &plan);

/// Every kernel of each target.
std::string kernelsText(const plan::Plan &plan);

/// Every published tensor: what the plan does with it, how ranks share it, the parameter that it is
/// part of.
std::string paramsText(const plan::Plan &plan, const std::vector<MappedTensor> &table);

} // namespace step37::report
