// Defaults and limits of the images of a micro-batch.
#include "frontend/config/ImageBounds.h"
#include "test/frontend/config_support.h"

namespace step37::test {

namespace {

/// Of the published tower.
VisionConfig published() {
  VisionConfig vision;
  vision.width = 1536;
  vision.layers = 47;
  vision.heads = 16;
  vision.mlp_width = 8960;
  vision.image_size = 728;
  vision.patch_size = 14;
  return vision;
}

std::string refusal(const VisionConfig &vision, const ImageOptions &options) {
  try {
    imageBounds(vision, options, 1, 4096);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

} // namespace

TEST(ImageBounds, PublishedDefaults) {
  const VisionConfig vision = published();
  const ImageBounds bounds = imageBounds(vision, {}, 1, 4096);
  EXPECT_EQ(bounds.imageSize, 728);
  EXPECT_EQ(bounds.cropSize, 504);
  EXPECT_EQ(bounds.imageTokens(vision), 169);
  EXPECT_EQ(bounds.cropTokens(vision), 81);
  // 171 tokens an image, 83 a crop beside one image.
  EXPECT_EQ(bounds.images, 23);
  EXPECT_EQ(bounds.crops, 47);
  EXPECT_EQ(imageBounds(vision, {}, 3, 4096).images, 69);
}

TEST(ImageBounds, CropsAreWholeMultiplesOfFourPatches) {
  EXPECT_EQ(imageBounds(published(), {.imageSize = 364}, 1, 512).cropSize, 224);
  EXPECT_EQ(imageBounds(published(), {.imageSize = 112}, 1, 512).cropSize, 56);
  EXPECT_EQ(imageBounds(published(), {.imageSize = 14}, 1, 512).cropSize, 56);
}

TEST(ImageBounds, SidesAreHalvedUpwards) {
  const VisionConfig vision = published();
  const ImageBounds bounds = imageBounds(vision, {.imageSize = 14 * 9, .cropSize = 14}, 1, 512);
  EXPECT_EQ(bounds.imageTokens(vision), 9); // 9, 5, 3
  EXPECT_EQ(bounds.cropTokens(vision), 1);
}

TEST(ImageBounds, AShortRowStillHasAnImage) {
  const ImageBounds bounds = imageBounds(published(), {}, 2, 100);
  EXPECT_EQ(bounds.images, 1);
  EXPECT_EQ(bounds.crops, 0);
}

TEST(ImageBounds, SizesAreWholePatches) {
  EXPECT_EQ(refusal(published(), {.imageSize = 729}),
            "--image-size 729: is no multiple of the 14 pixels of a patch");
  EXPECT_EQ(refusal(published(), {.cropSize = 500}),
            "--crop-size 500: is no multiple of the 14 pixels of a patch");
}

TEST(ImageBounds, TokensAreCounted) {
  EXPECT_EQ(refusal(published(), {.images = 1 << 20, .crops = 0}),
            "--images 1048576, --crops 0: more than 2^31 patches in a micro-batch; choose less");
  EXPECT_EQ(refusal(published(), {.images = 1 << 19, .crops = 0}), "");
  VisionConfig wide = published();
  wide.mlp_width = 1 << 28;
  EXPECT_EQ(refusal(wide, {.images = 64, .crops = 0}),
            "--images 64, --crops 0: more than 10^15 elements of activations; choose less");
}

} // namespace step37::test
