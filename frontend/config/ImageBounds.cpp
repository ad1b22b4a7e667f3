#include "frontend/config/ImageBounds.h"

#include "runtime/base/Error.h"

#include <algorithm>

namespace step37 {

namespace {

// Of the published sizes: crops of 504 pixels beside global views of 728.
constexpr int64_t publishedCrop = 504, publishedImage = 728, patchesOfStep = 4;
constexpr double maxElements = 1e15; // as BatchLimits

int64_t tokensOf(int64_t size, const VisionConfig &vision) {
  int64_t side = size / vision.patch_size;
  for (int halving = 0; halving < 2; ++halving)
    side = (side + 1) / 2;
  return side * side;
}

void checkSize(const char *option, int64_t size, const VisionConfig &vision) {
  if (size <= 0 || size % vision.patch_size != 0)
    throw Error(std::string(option) + " " + std::to_string(size) + ": is no multiple of the " +
                std::to_string(vision.patch_size) + " pixels of a patch");
}

int64_t defaultCropSize(int64_t imageSize, const VisionConfig &vision) {
  int64_t step = patchesOfStep * vision.patch_size;
  return std::max<int64_t>(imageSize * publishedCrop / publishedImage / step, 1) * step;
}

} // namespace

int64_t ImageBounds::imageTokens(const VisionConfig &vision) const {
  return tokensOf(imageSize, vision);
}
int64_t ImageBounds::cropTokens(const VisionConfig &vision) const {
  return tokensOf(cropSize, vision);
}

ImageBounds imageBounds(const VisionConfig &vision, const ImageOptions &options, int64_t microBatch,
                        int64_t seqLen) {
  ImageBounds bounds;
  bounds.imageSize = options.imageSize.value_or(vision.image_size);
  checkSize("--image-size", bounds.imageSize, vision);
  bounds.cropSize = options.cropSize.value_or(defaultCropSize(bounds.imageSize, vision));
  checkSize("--crop-size", bounds.cropSize, vision);
  constexpr int64_t around = 2; // a start and an end token
  int64_t image = bounds.imageTokens(vision) + around, crop = bounds.cropTokens(vision) + around;
  bounds.images = options.images.value_or(std::max<int64_t>(seqLen / image * microBatch, 1));
  bounds.crops = options.crops.value_or(std::max<int64_t>(seqLen - image, 0) / crop * microBatch);

  auto patches = [&](int64_t count, int64_t size) {
    double side = double(size / vision.patch_size);
    return double(count) * (side * side + 1);
  };
  const double tokens =
      patches(bounds.images, bounds.imageSize) + patches(bounds.crops, bounds.cropSize);
  const std::string given =
      "--images " + std::to_string(bounds.images) + ", --crops " + std::to_string(bounds.crops);
  if (tokens > INT32_MAX)
    throw Error(given + ": more than 2^31 patches in a micro-batch; choose less");
  const double widest =
      std::max({3.0 * double(vision.width), double(vision.mlp_width),
                double(vision.num_channels * vision.patch_size) * double(vision.patch_size)});
  if (tokens * widest * double(vision.layers + 1) > maxElements)
    throw Error(given + ": more than 10^15 elements of activations; choose less");
  return bounds;
}

} // namespace step37
