// The scalars of AdamW as plans made by tests name them, in the order of the kernel's arguments.
#pragma once

#include "runtime/plan/Names.h"

#include <string>
#include <vector>

namespace step37::test {

inline std::vector<std::string> adamwScalars() {
  std::vector<std::string> names;
  for (const char *name :
       {"learning_rate", "beta1", "beta2", "eps", "weight_decay", "correction1", "correction2"})
    names.push_back(plan::names::hyperparameter(name));
  return names;
}

} // namespace step37::test
