#include "codegen/spec/VisionSpec.h"

namespace step37::spec {

Count countTokens(const std::vector<int64_t> &grids, bool class_token) {
  Count tokens = 0;
  for (size_t i = 0; i + 2 < grids.size(); i += 3)
    tokens = tokens + Count(grids[i]) * (Count(grids[i + 1]) * grids[i + 2] + int64_t(class_token));
  return tokens;
}

int64_t gridTokens(const std::vector<int64_t> &grids, bool class_token) {
  return countTokens(grids, class_token).value;
}

std::vector<int64_t> halvedGrids(std::vector<int64_t> grids) {
  for (size_t i = 0; i < grids.size(); ++i)
    if (i % 3 != 0)
      grids[i] = (grids[i] + 1) / 2;
  return grids;
}

} // namespace step37::spec
