// Where the tokens of images are: the layout that a spec's grids and class_token describe
// (codegen/spec/VisionSpec.h).
#pragma once

#include "common.cuh"

namespace step37 {

/// The image of a token, and the token's place in it. Class tokens have row −1.
struct ImageToken {
  int group, height, width; // its image's group, and that one's grid
  int64 image;              // in the group
  int row, column;
};

/// Number, height and width of group `group`, halved upwards for the windows of unfold.
template <class Spec, bool halved> struct ImageGrids {
  static constexpr int groups = Spec::grids_count / 3, class_token = !halved && Spec::class_token;

  static __device__ int64 count(int group) { return Spec::grids(3 * group); }
  static __device__ int height(int group) { return side(Spec::grids(3 * group + 1)); }
  static __device__ int width(int group) { return side(Spec::grids(3 * group + 2)); }
  static __device__ int length(int group) { return class_token + height(group) * width(group); }

  static __device__ int64 first(int group, int64 image) {
    int64 token = image * length(group);
#pragma unroll
    for (int before = 0; before < groups; ++before)
      token += before < group ? count(before) * length(before) : 0;
    return token;
  }
  static __device__ int64 tokens() { return first(groups - 1, count(groups - 1)); }
  static __device__ int64 at(int group, int64 image, int row, int column) {
    return first(group, image) + class_token + int64(row) * width(group) + column;
  }

  static __device__ ImageToken locate(int64 token) {
    int group = 0;
    while (group + 1 < groups && token >= count(group) * length(group)) {
      token -= count(group) * length(group);
      ++group;
    }
    int place = int(token % length(group)) - class_token, across = width(group);
    return {group,
            height(group),
            across,
            token / length(group),
            place < 0 ? -1 : place / across,
            place < 0 ? -1 : place % across};
  }

private:
  static __device__ int side(int64 size) { return int(halved ? (size + 1) / 2 : size); }
};

} // namespace step37
