// Images of a batch, beside its tokens (TokenRows.h): pixels as a plan's inputs take them, and
// their form in safetensors files. Decoding, cropping and normalising are whoever fills it; which
// token each feature goes to is ImageSlots.h.
#pragma once

#include "runtime/plan/Plan.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace step37 {

/// The images of all rows of a batch: in the order of the rows, and within a row in the order of
/// their tokens. Pixels are normalised (docs/model.md E.2): (value/255 − mean)/std of each channel,
/// channels first.
struct ImageBatch {
  std::vector<int64_t> crops;    // of each image: how many crops it has, 0 or more
  std::vector<float> pixels;     // global views [images, 3, H, W], H = W the plan's image size
  std::vector<float> cropPixels; // [all crops, 3, h, w], those of an image one after another

  int64_t images() const { return static_cast<int64_t>(crops.size()); }
  int64_t cropCount() const {
    int64_t count = 0;
    for (int64_t ofImage : crops)
      count += ofImage;
    return count;
  }

  void clear() {
    crops.clear();
    pixels.clear();
    cropPixels.clear();
  }

  /// Adds the images of `other` behind these.
  void append(const ImageBatch &other) {
    crops.insert(crops.end(), other.crops.begin(), other.crops.end());
    pixels.insert(pixels.end(), other.pixels.begin(), other.pixels.end());
    cropPixels.insert(cropPixels.end(), other.cropPixels.begin(), other.cropPixels.end());
  }
};

/// Reads `pixel_values` F32 [images, channels, H, W], `pixel_values_local` F32 [crops, channels, h,
/// w] and `num_local_patches` I64 or I32 [images], the crops of each image (default none); a file
/// without pixel_values has no images. Sizes are those of `inputs`. Throws Error naming file and
/// tensor.
ImageBatch readImageBatch(const std::filesystem::path &path, const plan::ImageInputs &inputs);

} // namespace step37
