// Packing: the published cases (docs/model.md, sections G.1 and G.2), and the tokens of a picture.
#include "runtime/data/ImagePrompt.h"
#include "runtime/data/Packing.h"
#include "test/runtime/ConversationSamples.h"

#include <random>

namespace step37::test {
namespace {

using Packs = std::vector<Pack>;

TEST(Packing, publishedCases) {
  const std::vector<int64_t> first{4, 3, 9, 2};
  EXPECT_EQ(packSamples(first, 8, Overlong::drop).packs, (Packs{{0, 2}, {3, 1}}));
  EXPECT_EQ(packSamples(first, 8, Overlong::drop).dropped, 1);
  EXPECT_EQ(packSamples(first, 8, Overlong::extend).packs, (Packs{{0, 2}, {2, 1}, {3, 1}}));
  EXPECT_EQ(packSamples(first, 8, Overlong::extend).dropped, 0);
  const std::vector<int64_t> second{2, 3, 5, 7, 1};
  EXPECT_EQ(packSamples(second, 6, Overlong::drop).packs, (Packs{{0, 2}, {2, 1}, {4, 1}}));
  EXPECT_EQ(packSamples(second, 6, Overlong::drop).dropped, 1);
  EXPECT_EQ(packSamples(second, 6, Overlong::extend).packs,
            (Packs{{0, 2}, {2, 1}, {3, 1}, {4, 1}}));
  EXPECT_TRUE(packSamples({}, 6, Overlong::drop).packs.empty());
}

TEST(Packing, aFullPackIsClosedAtOnceAndAnOverlongSampleEndsTheOneBefore) {
  EXPECT_EQ(packSamples(std::vector<int64_t>{3, 3, 1}, 6, Overlong::drop).packs,
            (Packs{{0, 2}, {2, 1}}));
  EXPECT_EQ(packSamples(std::vector<int64_t>{1, 9, 1}, 6, Overlong::drop).packs,
            (Packs{{0, 1}, {2, 1}}));
  EXPECT_EQ(packSamples(std::vector<int64_t>{6, 6}, 6, Overlong::drop).packs,
            (Packs{{0, 1}, {1, 1}}));
}

/// Whatever the lengths: in order, nothing twice, nothing lost, and no two neighbours would fit.
TEST(Packing, isGreedyAndContiguous) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> lengths(random() % 30);
    for (int64_t &length : lengths)
      length = 1 + static_cast<int64_t>(random() % 12);
    int64_t next = 0;
    for (const Pack &pack : packSamples(lengths, 10, Overlong::extend).packs) {
      ASSERT_EQ(pack.first, next);
      next += pack.count;
      int64_t total = 0;
      for (int64_t i = pack.first; i < next; ++i)
        total += lengths[static_cast<size_t>(i)];
      ASSERT_TRUE(total <= 10 || pack.count == 1);
      if (total < 10 && next < static_cast<int64_t>(lengths.size()))
        ASSERT_GT(total + lengths[static_cast<size_t>(next)], 10);
    }
    ASSERT_EQ(next, static_cast<int64_t>(lengths.size()));
  }
}

TEST(ImagePrompt, cropsThenTheWholePicture) {
  CropLayout layout;
  layout.window = 18;
  layout.columns = layout.rows = 2;
  const DataLimits limits = conversationLimits(64);
  const ImageTokens tokens{feature, viewBegin, viewEnd, cropBegin, cropEnd, newline};
  std::vector<int32_t> ids;
  appendImageTokens(layout, limits.images, tokens, ids);
  EXPECT_EQ(ids, (std::vector<int32_t>{103, 100, 104, 103, 100, 104, 105, 103, 100, 104, 103, 100,
                                       104, 101, 100, 100, 100, 100, 102}));
  EXPECT_EQ(imageTokenCount(layout, limits.images), static_cast<int64_t>(ids.size()));
}

TEST(ImagePrompt, publishedCounts) {
  plan::ImageInputs published;
  published.image_tokens = 169;
  published.crop_tokens = 81;
  auto count = [&](ImageSize size) { return imageTokenCount(cropLayout(size, {}), published); };
  EXPECT_EQ(count({100, 100}), 171);
  EXPECT_EQ(count({1200, 800}), 670);
  EXPECT_EQ(count({4000, 3000}), 2665);
}

} // namespace
} // namespace step37::test
