// In place of ImageFile.cpp in a build without libjpeg and libpng (STEP37_IMAGES=OFF).
#include "runtime/base/Error.h"
#include "runtime/data/image/ImageFile.h"

namespace step37 {

namespace {

[[noreturn]] void refuse(const std::string &origin) {
  throw Error(origin + ": this build reads no pictures (STEP37_IMAGES=OFF)");
}

} // namespace

ImageSize readImageSize(std::span<const std::byte>, const std::string &origin, int64_t) {
  refuse(origin);
}

Image decodeImage(std::span<const std::byte>, const std::string &origin, int64_t) {
  refuse(origin);
}

} // namespace step37
