// Convolutions as rows of what each output sees, and the transpose: families patches, unfold and
// fold. A block a row.
#pragma once

#include "image_grids.cuh"

namespace step37 {

/// One block a token.
template <class Spec, class Arguments> __device__ void patches_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  constexpr int side = int(Spec::patch), across = int(Spec::width / Spec::patch);
  constexpr int tokens = int(Spec::height / Spec::patch) * across + Spec::class_token;
  constexpr int cols = int(Spec::channels) * side * side;
  int64 image = blockIdx.x / tokens;
  int place = int(blockIdx.x % tokens) - Spec::class_token;
  const float *pixels = arguments.pixels() + image * Spec::channels * Spec::height * Spec::width;
  T *out = arguments.out() + int64(blockIdx.x) * cols;
  for (int c = threadIdx.x; c < cols; c += blockDim.x) {
    float value = 0;
    if (place >= 0) {
      int channel = c / (side * side);
      int64 y = place / across * side + c / side % side, x = place % across * side + c % side;
      value = pixels[(channel * Spec::height + y) * Spec::width + x];
    }
    out[c] = from_float<T>(value);
  }
}

constexpr int window_side = 3, window_size = window_side * window_side; // stride 2, padding 1

/// One block a token of the halved grids.
template <class Spec, class Arguments> __device__ void unfold_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  using From = ImageGrids<Spec, false>;
  constexpr int channels = int(Spec::channels);
  const T *x = arguments.x();
  T *out = arguments.out() + int64(blockIdx.x) * window_size * channels;
  ImageToken place = ImageGrids<Spec, true>::locate(blockIdx.x);
  int height = From::height(place.group), width = From::width(place.group);
  for (int i = threadIdx.x; i < window_size * channels; i += blockDim.x) {
    int channel = i / window_size, w = i % window_size;
    int row = 2 * place.row - 1 + w / window_side, column = 2 * place.column - 1 + w % window_side;
    bool inside = row >= 0 && row < height && column >= 0 && column < width;
    out[i] = inside ? x[From::at(place.group, place.image, row, column) * channels + channel] : T{};
  }
}

/// One block a token.
template <class Spec, class Arguments> __device__ void fold_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  using From = ImageGrids<Spec, true>;
  constexpr int channels = int(Spec::channels);
  const T *x = arguments.x();
  T *out = arguments.out() + int64(blockIdx.x) * channels;
  ImageToken place = ImageGrids<Spec, false>::locate(blockIdx.x);
  int height = From::height(place.group), width = From::width(place.group);
  for (int channel = threadIdx.x; channel < channels; channel += blockDim.x) {
    float sum = 0;
    if (place.row >= 0)
      for (int r = place.row / 2; r <= (place.row + 1) / 2 && r < height; ++r)
        for (int c = place.column / 2; c <= (place.column + 1) / 2 && c < width; ++c) {
          int w = (place.row + 1 - 2 * r) * window_side + place.column + 1 - 2 * c;
          sum += to_float(
              x[(From::at(place.group, place.image, r, c) * channels + channel) * window_size + w]);
        }
    out[channel] = from_float<T>(sum);
  }
}

} // namespace step37
