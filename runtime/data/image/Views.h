// From a picture to what a vision tower takes: the global view and the crops as normalised planes.
#pragma once

#include "runtime/data/image/CropLayout.h"
#include "runtime/data/image/Image.h"

#include <cstdint>
#include <span>

namespace step37 {

/// In which order a view is made (docs/model.md, entry 17 of section H). Before that, padding,
/// shrinking and the canvas work on eight-bit pixels in both.
enum class PreprocessOrder : uint8_t {
  normalizeFirst, // normalise, then resize real values: Hugging Face
  resizeFirst     // resize eight-bit pixels, then normalise: Megatron-Bridge
};

/// Writes the global view [3, view, view] and the crops [crops, 3, crop, crop], row-major, of
/// `image`, whose layout is `layout`. The spans have exactly that many values.
void writeViews(const Image &image, const CropLayout &layout, const ViewSizes &sizes,
                PreprocessOrder order, std::span<float> view, std::span<float> crops);

} // namespace step37
