// How rows fall on groups, for tests of grouped products.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace step37::test {

/// First rows of groups of random sizes, some of them empty, and the number of their rows.
inline std::vector<int> groupOffsets(int64_t groups, int64_t rows) {
  std::mt19937 random(6);
  std::vector<int> offsets = {0, int(rows)};
  for (int64_t i = 1; i < groups; ++i)
    offsets.push_back(i % 5 == 0 ? 0 : int(random() % unsigned(rows + 1)));
  std::ranges::sort(offsets);
  return offsets;
}

/// First rows of groups as a router leaves them: sizes within a fifth of each other.
inline std::vector<int> routedOffsets(int64_t groups, int64_t rows) {
  std::mt19937 random(7);
  std::vector<double> ends = {0};
  for (int64_t i = 0; i < groups; ++i)
    ends.push_back(ends.back() + 0.9 + 0.2 * double(random()) / double(std::mt19937::max()));
  std::vector<int> offsets;
  for (double end : ends)
    offsets.push_back(int(double(rows) * end / ends.back()));
  return offsets;
}

} // namespace step37::test
