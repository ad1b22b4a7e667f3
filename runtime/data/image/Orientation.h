// How a camera held a picture: the tag 0x0112 of EXIF, and undoing it.
#pragma once

#include "runtime/data/image/Image.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace step37 {

/// The values of the tag. The first word is what must be done to the stored picture.
enum class Orientation : uint8_t {
  none = 1,
  mirror = 2,
  turnHalf = 3,
  flip = 4,
  transpose = 5,
  turnRight = 6,
  transverse = 7,
  turnLeft = 8
};

/// The orientation that a TIFF block (EXIF without its "Exif\0\0") asks for; none where the block
/// has no such tag, or is broken: EXIF is a hint, and many cameras write it wrongly.
Orientation readOrientation(std::span<const std::byte> tiff);

ImageSize orientedSize(ImageSize size, Orientation orientation);
Image oriented(Image image, Orientation orientation);

} // namespace step37
