// Where the tokens of images are: the layout that `grids` and `class_token` of the specs describe
// (codegen/spec/VisionSpec.h). Used by the twins that look at rows and columns of images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace step37::host {

/// One token: `image` counts within its group of images of one size. A class token has row −1.
struct ImageToken {
  size_t group;
  int64_t image, row, column;

  bool isClass() const { return row < 0; }
};

class ImageGrids {
public:
  ImageGrids(const std::vector<int64_t> &grids, bool classToken)
      : grids(grids), classTokens(classToken ? 1 : 0) {}

  size_t groups() const { return grids.size() / 3; }
  int64_t count(size_t group) const { return grids[3 * group]; }
  int64_t height(size_t group) const { return grids[3 * group + 1]; }
  int64_t width(size_t group) const { return grids[3 * group + 2]; }
  int64_t length(size_t group) const { return classTokens + height(group) * width(group); }

  /// The first token of an image, its class token if it has one.
  int64_t first(size_t group, int64_t image) const {
    int64_t token = image * length(group);
    for (size_t before = 0; before < group; ++before)
      token += count(before) * length(before);
    return token;
  }
  int64_t at(size_t group, int64_t image, int64_t row, int64_t column) const {
    return first(group, image) + classTokens + row * width(group) + column;
  }

  ImageToken locate(int64_t token) const {
    size_t group = 0;
    while (token >= count(group) * length(group)) {
      token -= count(group) * length(group);
      ++group;
    }
    int64_t image = token / length(group), place = token % length(group) - classTokens;
    if (place < 0)
      return {group, image, -1, -1};
    return {group, image, place / width(group), place % width(group)};
  }

private:
  const std::vector<int64_t> &grids;
  int64_t classTokens;
};

} // namespace step37::host
