// A decoded picture: what the decoders give, and what resizing and cropping work on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace step37 {

struct ImageSize {
  int64_t width = 0, height = 0;

  int64_t pixels() const { return width * height; }
  bool operator==(const ImageSize &) const = default;
};

/// Eight bits a channel, red, green, blue, row after row: size.pixels() · 3 values.
struct Image {
  ImageSize size;
  std::vector<uint8_t> rgb;

  static constexpr int64_t channels = 3;

  Image() = default;
  /// Black.
  explicit Image(ImageSize size)
      : size(size), rgb(static_cast<size_t>(size.pixels() * channels), 0) {}

  uint8_t *row(int64_t y) { return rgb.data() + y * size.width * channels; }
  const uint8_t *row(int64_t y) const { return rgb.data() + y * size.width * channels; }
};

} // namespace step37
