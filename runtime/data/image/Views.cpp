// Padding, cutting, normalising; see Views.h.
#include "runtime/data/image/Views.h"

#include "runtime/data/image/Resize.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace step37 {

namespace {

constexpr int64_t channels = Image::channels;

/// Of CLIP's training pictures, as published.
constexpr std::array<float, channels> mean{0.48145466f, 0.4578275f, 0.40821073f};
constexpr std::array<float, channels> deviation{0.26862954f, 0.26130258f, 0.27577711f};

/// The square or rectangle of `size` from `corner` on; black where the picture ends before it.
Image cut(const Image &image, CropLayout::Corner corner, ImageSize size) {
  Image result(size);
  const int64_t width = std::min(size.width, image.size.width - corner.x);
  const int64_t height = std::min(size.height, image.size.height - corner.y);
  for (int64_t y = 0; y < height; ++y)
    std::copy_n(image.row(corner.y + y) + corner.x * channels, width * channels, result.row(y));
  return result;
}

RealImage normalized(const Image &image) {
  RealImage result{image.size, std::vector<float>(image.rgb.size())};
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    const size_t channel = i % channels;
    result.rgb[i] =
        (static_cast<float>(image.rgb[i]) / 255.0f - mean[channel]) / deviation[channel];
  }
  return result;
}

void writePlanes(const RealImage &image, std::span<float> planes) {
  const size_t pixels = planes.size() / channels;
  for (size_t c = 0; c < channels; ++c)
    for (size_t i = 0; i < pixels; ++i)
      planes[c * pixels + i] = image.rgb[i * channels + c];
}

void writeView(const Image &image, int64_t side, PreprocessOrder order, std::span<float> planes) {
  const ImageSize square{side, side};
  writePlanes(order == PreprocessOrder::normalizeFirst ? resized(normalized(image), square)
                                                       : normalized(resized(image, square)),
              planes);
}

} // namespace

void writeViews(const Image &image, const CropLayout &layout, const ViewSizes &sizes,
                PreprocessOrder order, std::span<float> view, std::span<float> crops) {
  const auto planes = static_cast<size_t>(channels * sizes.crop * sizes.crop);
  assert(view.size() == static_cast<size_t>(channels * sizes.view * sizes.view));
  assert(crops.size() == static_cast<size_t>(layout.crops()) * planes);
  const Image padded = image.size == layout.padded ? image : cut(image, {0, 0}, layout.padded);
  const Image shrunk = resized(padded, layout.shrunk);
  writeView(shrunk, sizes.view, order, view);
  if (layout.window == 0)
    return;
  const Image canvas = resized(shrunk, layout.canvas);
  for (CropLayout::Corner corner : layout.corners()) {
    writeView(cut(canvas, corner, {layout.window, layout.window}), sizes.crop, order,
              crops.first(planes));
    crops = crops.subspan(planes);
  }
}

} // namespace step37
