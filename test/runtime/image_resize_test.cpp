// Resizing and whole views against PIL's and torchvision's results.
#include "runtime/base/FloatConversion.h"
#include "runtime/data/image/BilinearFilter.h"
#include "runtime/data/image/Resize.h"
#include "runtime/data/image/Views.h"
#include "test/runtime/image_support.h"

#include <numeric>

namespace step37::test {
namespace {

TEST(BilinearFilter, weightsSumToOneAndStayInside) {
  for (auto [in, out] : {std::pair{7, 7}, {7, 3}, {3, 7}, {1, 5}, {100, 1}}) {
    BilinearFilter filter(in, out);
    ASSERT_EQ(filter.out(), out);
    for (int64_t i = 0; i < out; ++i) {
      std::span<const double> weights = filter.weights(i);
      EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1, 1e-12);
      EXPECT_GE(filter.first(i), 0);
      EXPECT_LE(filter.first(i) + static_cast<int64_t>(weights.size()), in);
    }
  }
}

class ResizedImage : public testing::TestWithParam<int> {
protected:
  std::string golden(const std::string &kind, const std::string &end) const {
    return kind + "." + std::to_string(GetParam()) + "." + end;
  }
};

/// The same bytes, but where Pillow 13 resizes along columns first: it chooses by the sizes.
TEST_P(ResizedImage, isPilsWithinOneLevel) {
  const Image out =
      resized(goldenImage(golden("resize", "in")), goldenSize(golden("resize", "out")));
  EXPECT_LE(largestDifference(out.rgb, goldenValues<uint8_t>(golden("resize", "out"))),
            GetParam() == 4 ? 1 : 0);
}

TEST_P(ResizedImage, isTorchvisionsWithinRounding) {
  RealImage in{goldenSize(golden("real", "in")), goldenValues<float>(golden("real", "in"))};
  const RealImage out = resized(in, goldenSize(golden("real", "out")));
  EXPECT_LE(largestDifference(out.rgb, goldenValues<float>(golden("real", "out"))), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Golden, ResizedImage, testing::Range(0, 5));

constexpr ViewSizes small{26, 18};

std::vector<float> halves(const std::string &name) {
  std::vector<float> values;
  for (uint16_t bits : goldenValues<uint16_t>(name))
    values.push_back(f16ToFloat(bits));
  return values;
}

/// Compares a golden picture's views in units of a grey level.
void expectViews(int picture, PreprocessOrder order, const std::string &suffix) {
  const std::string name = "views." + std::to_string(picture) + ".";
  const Image image = goldenImage(name + "in");
  const CropLayout layout = cropLayout(image.size, small);
  std::vector<float> view(3 * 26 * 26), crops(static_cast<size_t>(layout.crops() * 3 * 18 * 18));
  writeViews(image, layout, small, order, view, crops);
  const double greyLevel = 1 / (255 * 0.2758); // at the least, of the three channels
  const double halfPrecision = 0.002;
  EXPECT_LE(largestDifference(view, halves(name + "view" + suffix)), greyLevel / 8 + halfPrecision)
      << name;
  EXPECT_LE(largestDifference(crops, halves(name + "crops" + suffix)),
            greyLevel / 8 + halfPrecision)
      << name;
}

TEST(Views, areThePublishedOnes) {
  for (int picture = 0; picture < 6; ++picture)
    expectViews(picture, PreprocessOrder::normalizeFirst, "");
}

TEST(Views, canBeResizedBeforeTheyAreNormalized) {
  expectViews(2, PreprocessOrder::resizeFirst, "8");
}

/// The published sizes, against the definitions: a view of one colour is that colour.
TEST(Views, keepAColourAtPublishedSizes) {
  Image image({1024, 768});
  std::fill(image.rgb.begin(), image.rgb.end(), 128);
  const ViewSizes sizes;
  const CropLayout layout = cropLayout(image.size, sizes);
  std::vector<float> view(3 * 728 * 728), crops(4 * 3 * 504 * 504);
  writeViews(image, layout, sizes, PreprocessOrder::normalizeFirst, view, crops);
  const float red = (128 / 255.0f - 0.48145466f) / 0.26862954f;
  const float blue = (128 / 255.0f - 0.40821073f) / 0.27577711f;
  EXPECT_NEAR(view[0], red, 1e-5);
  EXPECT_NEAR(view.back(), blue, 1e-5);
  EXPECT_NEAR(crops[0], red, 1e-5);
  EXPECT_NEAR(crops.back(), blue, 1e-5);
}

} // namespace
} // namespace step37::test
