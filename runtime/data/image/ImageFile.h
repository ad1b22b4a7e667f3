// JPEG and PNG bytes to pictures. Pixels are those that PIL's `convert("RGB")` gives: grey is
// repeated, palettes are looked up, alpha is dropped, CMYK is taken as Adobe writes it, 16 bits
// lose their lower eight (PIL saturates 16-bit grey instead); the orientation that EXIF asks for is
// applied, as transformers' image loader does. The two formats are JpegFile.h and PngFile.h.
#pragma once

#include "runtime/data/image/Image.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace step37 {

/// Pictures of more pixels are refused unless a caller says otherwise: PIL's limit as well.
inline constexpr int64_t defaultMaxPixels = 89'478'485;

/// Size as it will be seen, after EXIF orientation. Reads the header only. Throws Error
/// "<origin>: …" where the bytes are neither JPEG nor PNG, are broken, or promise more than
/// `maxPixels`.
ImageSize readImageSize(std::span<const std::byte> bytes, const std::string &origin,
                        int64_t maxPixels);

/// The whole picture. Refuses like readImageSize(), before memory is taken, and throws Error also
/// where pixels are missing or damaged: nothing is made up in their place.
Image decodeImage(std::span<const std::byte> bytes, const std::string &origin, int64_t maxPixels);

} // namespace step37
