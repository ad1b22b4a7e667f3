// The first directory of a TIFF block, and the eight symmetries of a rectangle; see Orientation.h.
#include "runtime/data/image/Orientation.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace step37 {

namespace {

/// Reads of a block in its byte order; empty past its end.
class TiffBlock {
public:
  explicit TiffBlock(std::span<const std::byte> bytes) : bytes(bytes) {
    if (at(0) == 'I' && at(1) == 'I')
      littleEndian = true;
    else if (at(0) != 'M' || at(1) != 'M')
      this->bytes = {};
  }

  std::optional<uint32_t> u16(size_t offset) const { return number(offset, 2); }
  std::optional<uint32_t> u32(size_t offset) const { return number(offset, 4); }

private:
  int at(size_t offset) const {
    return offset < bytes.size() ? std::to_integer<int>(bytes[offset]) : -1;
  }
  std::optional<uint32_t> number(size_t offset, size_t length) const {
    if (offset > bytes.size() || bytes.size() - offset < length)
      return std::nullopt;
    uint32_t value = 0;
    for (size_t i = 0; i < length; ++i)
      value = value << 8 | static_cast<uint32_t>(at(offset + (littleEndian ? length - 1 - i : i)));
    return value;
  }

  std::span<const std::byte> bytes;
  bool littleEndian = false;
};

bool swapsSides(Orientation orientation) {
  return orientation == Orientation::transpose || orientation == Orientation::turnRight ||
         orientation == Orientation::transverse || orientation == Orientation::turnLeft;
}

/// Whether the result's columns (rows) run against the stored direction that they come from.
bool columnsReversed(Orientation orientation) {
  return orientation == Orientation::mirror || orientation == Orientation::turnHalf ||
         orientation == Orientation::turnRight || orientation == Orientation::transverse;
}
bool rowsReversed(Orientation orientation) {
  return orientation == Orientation::turnHalf || orientation == Orientation::flip ||
         orientation == Orientation::transverse || orientation == Orientation::turnLeft;
}

} // namespace

Orientation readOrientation(std::span<const std::byte> bytes) {
  constexpr uint32_t tag = 0x0112, shortType = 3;
  constexpr size_t entryBytes = 12;
  TiffBlock tiff(bytes);
  std::optional<uint32_t> directory = tiff.u32(4);
  std::optional<uint32_t> entries = directory ? tiff.u16(*directory) : std::nullopt;
  for (size_t i = 0; i < entries.value_or(0); ++i) {
    size_t entry = size_t{*directory} + 2 + i * entryBytes;
    if (tiff.u16(entry) != tag)
      continue;
    std::optional<uint32_t> value = tiff.u16(entry + 8);
    if (tiff.u16(entry + 2) == shortType && value && *value >= 1 && *value <= 8)
      return static_cast<Orientation>(*value);
    break;
  }
  return Orientation::none;
}

ImageSize orientedSize(ImageSize size, Orientation orientation) {
  if (swapsSides(orientation))
    std::swap(size.width, size.height);
  return size;
}

Image oriented(Image stored, Orientation orientation) {
  if (orientation == Orientation::none)
    return stored;
  const bool swap = swapsSides(orientation);
  Image result(orientedSize(stored.size, orientation));
  for (int64_t y = 0; y < result.size.height; ++y)
    for (int64_t x = 0; x < result.size.width; ++x) {
      int64_t column = columnsReversed(orientation) ? result.size.width - 1 - x : x;
      int64_t row = rowsReversed(orientation) ? result.size.height - 1 - y : y;
      if (swap)
        std::swap(column, row);
      std::copy_n(stored.row(row) + column * Image::channels, Image::channels,
                  result.row(y) + x * Image::channels);
    }
  return result;
}

} // namespace step37
