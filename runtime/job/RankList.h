// Ranks in a message: "rank 3", "ranks 0-2, 5".
#pragma once

#include <string>
#include <vector>

namespace step37::job {

/// `ranks` ascending, at least one.
inline std::string rankList(const std::vector<int> &ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (size_t first = 0; first < ranks.size();) {
    size_t last = first;
    while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1)
      ++last;
    text += (first > 0 ? ", " : "") + std::to_string(ranks[first]);
    if (last > first)
      text += "-" + std::to_string(ranks[last]);
    first = last + 1;
  }
  return text;
}

} // namespace step37::job
