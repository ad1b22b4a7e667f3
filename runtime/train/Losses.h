// Losses of a step or batch, each a masked mean.
#pragma once

#include <vector>

namespace step37 {

struct Losses {
  double total = 0, main = 0; // the total is what is optimised
  std::vector<double> mtp{};  // a depth each; empty without multi-token prediction
};

} // namespace step37
