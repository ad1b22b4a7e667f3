// Which format the bytes have, what is refused, and orientation; see ImageFile.h.
#include "runtime/data/image/ImageFile.h"

#include "runtime/base/Error.h"
#include "runtime/data/image/JpegFile.h"
#include "runtime/data/image/Orientation.h"
#include "runtime/data/image/PngFile.h"

#include <array>
#include <cstring>

namespace step37 {

namespace {

bool startsWith(std::span<const std::byte> bytes, std::span<const unsigned char> signature) {
  return bytes.size() >= signature.size() &&
         std::memcmp(bytes.data(), signature.data(), signature.size()) == 0;
}

/// Opens the bytes in their format and hands the file to `use`.
template <class Use>
auto withFile(std::span<const std::byte> bytes, const std::string &origin, int64_t maxPixels,
              Use use) {
  static constexpr std::array<unsigned char, 3> jpeg{0xff, 0xd8, 0xff};
  static constexpr std::array<unsigned char, 8> png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  auto checked = [&](auto &&file) {
    ImageSize size = file.size();
    if (size.height > maxPixels / size.width)
      throw Error(origin + ": has " + std::to_string(size.width) + " x " +
                  std::to_string(size.height) + " pixels, --max-pixels allows " +
                  std::to_string(maxPixels));
    return use(file);
  };
  if (startsWith(bytes, jpeg))
    return checked(JpegFile(bytes, origin));
  if (startsWith(bytes, png))
    return checked(PngFile(bytes, origin));
  throw Error(origin + ": is neither a JPEG nor a PNG file");
}

} // namespace

ImageSize readImageSize(std::span<const std::byte> bytes, const std::string &origin,
                        int64_t maxPixels) {
  return withFile(bytes, origin, maxPixels,
                  [](auto &file) { return orientedSize(file.size(), file.orientation()); });
}

Image decodeImage(std::span<const std::byte> bytes, const std::string &origin, int64_t maxPixels) {
  return withFile(bytes, origin, maxPixels, [](auto &file) {
    const Orientation orientation = file.orientation();
    return oriented(file.decode(), orientation);
  });
}

} // namespace step37
