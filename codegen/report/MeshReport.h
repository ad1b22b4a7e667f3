// What ranks send each other, as a table. What is counted is codegen/cost/ExchangeGroups.h.
#pragma once

#include "runtime/plan/Plan.h"

#include <string>

namespace step37::report {

/// A target's exchanges under a heading; empty for a target without any.
std::string exchangeText(const plan::Target &target);

} // namespace step37::report
