// The crop algorithm: the published patcher's cases and the sizes worked out from its description
// (docs/model.md, sections G.3 and G.6).
#include "runtime/data/image/CropLayout.h"
#include "test/runtime/image_support.h"

namespace step37::test {
namespace {

constexpr ViewSizes published;

TEST(CropSteps, windows) {
  EXPECT_EQ(windowSide({700, 600}, published), 0);
  EXPECT_EQ(windowSide({700, 300}, published), 300);
  EXPECT_EQ(windowSide({450, 300}, published), 0);
  EXPECT_EQ(windowSide({451, 300}, published), 300);
  EXPECT_EQ(windowSide({800, 200}, published), 504);
  EXPECT_EQ(windowSide({801, 200}, published), 200);
  EXPECT_EQ(windowSide({1200, 200}, published), 200);
  EXPECT_EQ(windowSide({1200, 800}, published), 504);
}

TEST(CropSteps, windowStarts) {
  EXPECT_EQ(windowStarts(6, 4, 3), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(windowStarts(4, 4, 4), (std::vector<int64_t>{0}));
  EXPECT_EQ(windowStarts(9, 3, 3), (std::vector<int64_t>{0, 3, 6}));
  EXPECT_EQ(windowStarts(3, 4, 4), (std::vector<int64_t>{0}));
}

TEST(CropSteps, paddingShrinkingAndCanvas) {
  EXPECT_EQ(paddedSize({8, 1}), (ImageSize{8, 8}));
  EXPECT_EQ(paddedSize({4, 1}), (ImageSize{4, 1})); // not thinner than 4
  EXPECT_EQ(paddedSize({1, 5}), (ImageSize{5, 5}));
  EXPECT_EQ(paddedSize({400, 32}), (ImageSize{400, 32}));
  EXPECT_EQ(shrunkSize({6048, 3024}, 3024), (ImageSize{3024, 1512}));
  EXPECT_EQ(shrunkSize({3024, 3000}, 3024), (ImageSize{3024, 3000}));
  EXPECT_EQ(canvasSize({450, 1000}, 504), (ImageSize{450, 1008}));
  EXPECT_EQ(canvasSize({1000, 450}, 504), (ImageSize{1008, 450}));
  EXPECT_EQ(canvasSize({6, 10}, 5), (ImageSize{5, 10})); // 6/5 − 1 is below 0.2 in binary
}

struct Expected {
  ImageSize size;
  int64_t window;
  ImageSize canvas;
  int64_t columns, rows, newlines, tokens;
};

class PublishedSizes : public testing::TestWithParam<Expected> {};

TEST_P(PublishedSizes, giveTheListedLayout) {
  const Expected &expected = GetParam();
  const CropLayout layout = cropLayout(expected.size, published);
  EXPECT_EQ(layout.window, expected.window);
  EXPECT_EQ(layout.canvas, expected.canvas);
  EXPECT_EQ(layout.columns, expected.columns);
  EXPECT_EQ(layout.rows, expected.rows);
  int64_t newlines = 0;
  for (int64_t i = 0; i < layout.crops(); ++i)
    newlines += layout.newlineAfter(i);
  EXPECT_EQ(newlines, expected.newlines);
  EXPECT_EQ(layout.newlines(), expected.newlines);
  EXPECT_EQ(layout.crops() * 83 + 171 + newlines, expected.tokens);
  EXPECT_EQ(static_cast<int64_t>(layout.corners().size()), layout.crops());
}

INSTANTIATE_TEST_SUITE_P(Listed, PublishedSizes,
                         testing::Values(Expected{{728, 728}, 0, {}, 0, 0, 0, 171},
                                         Expected{{700, 300}, 300, {900, 300}, 3, 1, 0, 420},
                                         Expected{{1024, 768}, 504, {1008, 1008}, 2, 2, 1, 504},
                                         Expected{{1200, 800}, 504, {1512, 1008}, 3, 2, 1, 670},
                                         Expected{{1200, 200}, 200, {1200, 200}, 6, 1, 0, 669},
                                         Expected{{1920, 1080}, 504, {2016, 1008}, 4, 2, 1, 836},
                                         Expected{{1080, 1920}, 504, {1008, 2016}, 2, 4, 3, 838},
                                         Expected{{3024, 3024}, 504, {3024, 3024}, 6, 6, 5, 3164},
                                         Expected{{4000, 3000}, 504, {3024, 2520}, 6, 5, 4, 2665},
                                         Expected{{3840, 2160}, 504, {3024, 2016}, 6, 4, 3, 2166},
                                         Expected{{604, 1000}, 504, {504, 1008}, 1, 2, 1, 338},
                                         Expected{{605, 1000}, 504, {1008, 1008}, 2, 2, 1, 504},
                                         Expected{{8, 1}, 0, {}, 0, 0, 0, 171},
                                         Expected{{1, 1}, 0, {}, 0, 0, 0, 171},
                                         Expected{{100, 100}, 0, {}, 0, 0, 0, 171}));

TEST(CropLayout, sidesOnTheWay) {
  EXPECT_EQ(cropLayout({4000, 3000}, published).shrunk, (ImageSize{3024, 2268}));
  EXPECT_EQ(cropLayout({3840, 2160}, published).shrunk, (ImageSize{3024, 1701}));
  EXPECT_EQ(cropLayout({8, 1}, published).padded, (ImageSize{8, 8}));
}

TEST(CropLayout, cornersGoRowByRow) {
  using Corner = CropLayout::Corner;
  EXPECT_EQ(cropLayout({1024, 768}, published).corners(),
            (std::vector<Corner>{{0, 0}, {504, 0}, {0, 504}, {504, 504}}));
}

/// A 28th of the published sizes gives a 28th of the published layout.
TEST(CropLayout, otherSizesScaleAlong) {
  const CropLayout layout = cropLayout({80, 60}, {26, 18});
  EXPECT_EQ(layout.window, 18);
  EXPECT_EQ(layout.canvas, (ImageSize{90, 72}));
  EXPECT_EQ(cropLayout({200, 100}, {26, 18}).shrunk, (ImageSize{108, 54}));
}

TEST(CropLayout, refusesWhatShrinksToNothing) {
  EXPECT_EQ(cropLayout({3024 * 32, 32}, published).shrunk, (ImageSize{3024, 1}));
  try {
    cropLayout({100000, 32}, published);
    FAIL();
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(),
                 "a picture of 100000 x 32 pixels is too thin: it would shrink to nothing");
  }
}

} // namespace
} // namespace step37::test
