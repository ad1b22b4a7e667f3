// Pictures: whatever the bytes are, decodeImage() gives as many pixels as it says, or an Error.
#include "runtime/base/Error.h"
#include "runtime/data/image/ImageFile.h"

#include <cstdlib>

using namespace step37;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr int64_t maxPixels = 1 << 16;
  try {
    const Image image = decodeImage(std::as_bytes(std::span(data, size)), "fuzz", maxPixels);
    if (image.size.width < 1 || image.size.height < 1 || image.size.pixels() > maxPixels ||
        static_cast<int64_t>(image.rgb.size()) != image.size.pixels() * Image::channels)
      std::abort();
  } catch (const Error &) {
  }
  return 0;
}
