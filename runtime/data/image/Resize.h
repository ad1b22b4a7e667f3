// Bilinear resizing with antialiasing, columns first, then rows: of eight-bit pictures as PIL does
// it, and of real values as torchvision does.
#pragma once

#include "runtime/data/image/Image.h"

#include <vector>

namespace step37 {

/// Like an Image, with real values.
struct RealImage {
  ImageSize size;
  std::vector<float> rgb;
};

/// Weights are rounded to 22 bits behind the point and values to grey levels after each of the two
/// passes, as in PIL's `resize(…, BILINEAR)`: the same bytes. Newer versions of it go along columns
/// first where that is less work; those differ by one grey level here and there.
Image resized(const Image &image, ImageSize size);

/// In float32 throughout, as torchvision's `resize(…, BILINEAR, antialias=True)` of a float tensor.
RealImage resized(const RealImage &image, ImageSize size);

} // namespace step37
