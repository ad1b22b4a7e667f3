// Which feature goes to which token, in both forms and on several ranks, and the images of a
// probe's file.
#include "runtime/data/ImageBatch.h"
#include "runtime/data/ImageSlots.h"
#include "test/runtime/TrainSupport.h"

namespace step37::test {
namespace {

constexpr int32_t imageToken = 9, imageStart = 7, patchStart = 8;

/// Rows of 8 tokens; views of 2 features, crops of 1; at most two views and three crops a rank.
plan::Plan planWithImages() {
  plan::Plan plan;
  plan.micro_batch = 1;
  plan.seq_len = 8;
  plan.images = {.images = 2,
                 .crops = 3,
                 .channels = 3,
                 .image_size = 4,
                 .crop_size = 2,
                 .image_tokens = 2,
                 .crop_tokens = 1,
                 .image_token = imageToken};
  return plan;
}

plan::Plan planWithStarts() {
  plan::Plan plan = planWithImages();
  plan.images.image_start = imageStart;
  plan.images.patch_start = patchStart;
  return plan;
}

TokenRows rowsOf(const std::vector<std::vector<int32_t>> &rows) {
  TokenRows tokens(std::ssize(rows), 8);
  tokens.ids.clear();
  for (const std::vector<int32_t> &row : rows)
    tokens.ids.insert(tokens.ids.end(), row.begin(), row.end());
  return tokens;
}

ImageBatch imagesWith(std::vector<int64_t> crops) {
  ImageBatch images;
  images.crops = std::move(crops);
  return images;
}

std::string refusal(const plan::Plan &plan, const TokenRows &tokens, const ImageBatch &images) {
  try {
    placeImages(plan, tokens, images);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

using Slots = std::vector<int64_t>;
using Places = std::vector<int32_t>;

TEST(ImageSlots, InOrderCropsFirst) {
  // The first image has two crops, the second none. Features: views 0 1 | 2 3, crops 4, 5, 6.
  const auto ranks =
      placeImages(planWithImages(), rowsOf({{9, 9, 1, 9, 9, 2, 9, 9}}), imagesWith({2, 0}));
  ASSERT_EQ(ranks.size(), 1u);
  EXPECT_EQ(ranks[0].images, (Slots{0, 1}));
  EXPECT_EQ(ranks[0].crops, (Slots{0, 1}));
  EXPECT_EQ(ranks[0].featureOfToken, (Places{4, 5, -1, 0, 1, -1, 2, 3}));
  EXPECT_EQ(ranks[0].tokenOfFeature, (Places{3, 4, 6, 7, 0, 1, -1}));
}

TEST(ImageSlots, NoImages) {
  const auto ranks = placeImages(planWithImages(), rowsOf({{1, 2, 3, 4, 5, 6, 7, 8}}), {});
  EXPECT_EQ(ranks[0].featureOfToken, Places(8, -1));
  EXPECT_EQ(ranks[0].tokenOfFeature, Places(7, -1));
}

TEST(ImageSlots, RanksCountTheirOwn) {
  const auto ranks =
      placeImages(planWithImages(), rowsOf({{1, 1, 1, 1, 1, 1, 9, 9}, {9, 9, 9, 1, 1, 1, 9, 9}}),
                  imagesWith({0, 1, 0}));
  ASSERT_EQ(ranks.size(), 2u);
  EXPECT_EQ(ranks[0].images, (Slots{0}));
  EXPECT_EQ(ranks[1].images, (Slots{1, 2}));
  EXPECT_EQ(ranks[1].crops, (Slots{0}));
  EXPECT_EQ(ranks[1].featureOfToken, (Places{4, 0, 1, -1, -1, -1, 2, 3}));
}

TEST(ImageSlots, AnImageOnTwoRanksIsRefused) {
  EXPECT_EQ(refusal(planWithImages(), rowsOf({{1, 1, 1, 1, 1, 1, 1, 9}, {9, 1, 1, 1, 1, 1, 1, 1}}),
                    imagesWith({0})),
            "input_ids: the tokens of image 0 lie in rows of two ranks");
}

TEST(ImageSlots, MoreThanTheBoundsIsRefused) {
  EXPECT_EQ(refusal(planWithImages(), rowsOf({{9, 9, 9, 9, 9, 9, 1, 1}}), imagesWith({0, 0, 0})),
            "the micro-batch has more than 2 images, the plan's --images of step37c compile");
  EXPECT_EQ(refusal(planWithImages(), rowsOf({{9, 9, 9, 9, 9, 9, 1, 1}}), imagesWith({4})),
            "the micro-batch has more than 3 crops, the plan's --crops of step37c compile");
}

TEST(ImageSlots, TheRankWithMoreThanTheBoundsIsNamed) {
  plan::Plan plan = planWithImages();
  EXPECT_EQ(refusal(plan, rowsOf({{9, 9, 1, 1, 1, 1, 1, 1}, {9, 9, 9, 9, 9, 9, 1, 1}}),
                    imagesWith({0, 0, 0, 0})),
            "the micro-batch of data-parallel rank 1 (row 1 of the batch) has more than 2 images, "
            "the plan's --images of step37c compile");
  plan.micro_batch = 2;
  EXPECT_EQ(refusal(plan,
                    rowsOf({{1, 1, 1, 1, 1, 1, 1, 1},
                            {9, 9, 1, 1, 1, 1, 1, 1},
                            {9, 9, 9, 9, 1, 1, 1, 1},
                            {9, 9, 1, 1, 1, 1, 1, 1}}),
                    imagesWith({0, 0, 0, 0})),
            "the micro-batch of data-parallel rank 1 (rows 2 to 3 of the batch) has more than 2 "
            "images, the plan's --images of step37c compile");
}

TEST(ImageSlots, CountsThatDoNotMatchAreRefused) {
  const std::string rest = ", but the batch has 1 image of 2 features and 1 crop of 1 (--set "
                           "image_mismatch=truncate of step37c compile cuts what does not match)";
  EXPECT_EQ(refusal(planWithImages(), rowsOf({{9, 9, 1, 1, 1, 1, 1, 1}}), imagesWith({1})),
            "input_ids: 2 image tokens (id 9)" + rest);
  EXPECT_EQ(refusal(planWithStarts(), rowsOf({{8, 9, 1, 1, 1, 1, 1, 1}}), imagesWith({1})),
            "input_ids: 0 image starts (id 7)" + rest);
  EXPECT_EQ(refusal(planWithStarts(), rowsOf({{7, 9, 9, 1, 1, 1, 1, 1}}), imagesWith({1})),
            "input_ids: 0 patch starts (id 8)" + rest);
  EXPECT_EQ(refusal(planWithStarts(), rowsOf({{8, 9, 1, 1, 1, 1, 7, 9}}), imagesWith({1})),
            "input_ids: row 0 ends 1 token behind a start token" + rest);
}

TEST(ImageSlots, TruncatedInOrder) {
  plan::Plan plan = planWithImages();
  plan.images.truncate = true;
  // Too few tokens: half of the view, and nothing of a second one.
  auto ranks = placeImages(plan, rowsOf({{9, 1, 9, 1, 1, 1, 1, 1}}), imagesWith({1, 0}));
  EXPECT_EQ(ranks[0].images, (Slots{0}));
  EXPECT_EQ(ranks[0].featureOfToken, (Places{4, -1, 0, -1, -1, -1, -1, -1}));
  EXPECT_EQ(ranks[0].tokenOfFeature, (Places{2, -1, -1, -1, 0, -1, -1}));
  // Too many: the rest keeps its own embedding.
  ranks = placeImages(plan, rowsOf({{9, 9, 9, 9, 1, 1, 1, 1}}), imagesWith({0}));
  EXPECT_EQ(ranks[0].featureOfToken, (Places{0, 1, -1, -1, -1, -1, -1, -1}));
}

/// In the place of a token stands what is ahead of it: in its row, and from two on in its document.
TEST(ImageSlots, PlacesAhead) {
  TokenRows tokens = rowsOf({{1, 1, 1, 1, 1, 1, 1, 1}, {9, 9, 1, 9, 1, 9, 9, 1}});
  std::fill(tokens.documentStart.begin() + 8 + 4, tokens.documentStart.end(), 4);
  const RankImages row = placeImages(planWithImages(), tokens, imagesWith({1, 0}))[1];
  ASSERT_EQ(row.featureOfToken, (Places{4, 0, -1, 1, -1, 2, 3, -1}));

  const RankImages one = placesAhead(row, tokens, 1, 1);
  EXPECT_EQ(one.featureOfToken, (Places{0, -1, 1, -1, 2, 3, -1, -1}));
  EXPECT_EQ(one.tokenOfFeature, (Places{0, 2, 4, 5, -1, -1, -1}));
  const RankImages three = placesAhead(row, tokens, 1, 3);
  EXPECT_EQ(three.featureOfToken, (Places{1, -1, -1, -1, -1, -1, -1, -1}))
      << "3 is another document";
  EXPECT_EQ(three.tokenOfFeature, (Places{-1, 0, -1, -1, -1, -1, -1}));

  // Two rows of a rank: what is ahead of the first row's end is not the second row.
  plan::Plan both = planWithImages();
  both.micro_batch = 2;
  tokens = rowsOf({{1, 1, 1, 1, 1, 1, 9, 9}, {9, 9, 1, 1, 1, 1, 1, 1}});
  const RankImages rows = placeImages(both, tokens, imagesWith({0, 0}))[0];
  EXPECT_EQ(placesAhead(rows, tokens, 0, 1).featureOfToken,
            (Places{-1, -1, -1, -1, -1, 0, 1, -1, 3, -1, -1, -1, -1, -1, -1, -1}));
}

TEST(ImageSlots, BehindStarts) {
  // Whatever stands there is replaced, image token or not.
  const auto ranks =
      placeImages(planWithStarts(), rowsOf({{8, 1, 7, 9, 2, 1, 8, 9}}), imagesWith({2}));
  EXPECT_EQ(ranks[0].images, (Slots{0}));
  EXPECT_EQ(ranks[0].crops, (Slots{0, 1}));
  EXPECT_EQ(ranks[0].featureOfToken, (Places{-1, 4, -1, 0, 1, -1, -1, 5}));
}

TEST(ImageSlots, BehindStartsTruncated) {
  plan::Plan plan = planWithStarts();
  plan.images.truncate = true;
  // The view runs into the crop's token, which is placed first, and past the end of its row.
  auto ranks = placeImages(plan, rowsOf({{1, 7, 8, 9, 1, 1, 1, 7}}), imagesWith({1, 0}));
  EXPECT_EQ(ranks[0].images, (Slots{0}));
  EXPECT_EQ(ranks[0].featureOfToken, (Places{-1, -1, 0, 1, -1, -1, -1, -1}));
  EXPECT_EQ(ranks[0].tokenOfFeature, (Places{2, 3, -1, -1, -1, -1, -1})) << "the crop is covered";
}

class ImageFiles : public testing::Test {
protected:
  TensorFile &add(const char *name, std::vector<int64_t> shape) {
    int64_t elements = 1;
    for (int64_t size : shape)
      elements *= size;
    std::vector<float> values(static_cast<size_t>(elements));
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(i);
    return file.add(name, DType::f32, std::move(shape), values);
  }
  ImageBatch read() {
    file.write(scratch / "batch.safetensors");
    return readImageBatch(scratch / "batch.safetensors", planWithImages().images);
  }
  std::string readRefusal() {
    try {
      read();
    } catch (const Error &error) {
      return std::string(error.what()).substr((scratch / "batch.safetensors").string().size());
    }
    return "";
  }

  ScratchDirectory scratch;
  TensorFile file;
};

TEST_F(ImageFiles, AreRead) {
  add("pixel_values", {2, 3, 4, 4});
  add("pixel_values_local", {3, 3, 2, 2});
  file.add("num_local_patches", DType::i64, {2}, std::vector<int64_t>{2, 1});
  const ImageBatch images = read();
  EXPECT_EQ(images.crops, (Slots{2, 1}));
  EXPECT_EQ(images.images(), 2);
  EXPECT_EQ(images.cropCount(), 3);
  EXPECT_EQ(images.pixels.size(), 96u);
  EXPECT_EQ(images.pixels[95], 95);
  EXPECT_EQ(images.cropPixels[35], 35);
}

TEST_F(ImageFiles, WithoutImagesThereAreNone) {
  file.add("input_ids", DType::i64, {1}, std::vector<int64_t>{1});
  EXPECT_EQ(read().images(), 0);
}

TEST_F(ImageFiles, WithoutCountsThereAreNoCrops) {
  add("pixel_values", {2, 3, 4, 4});
  EXPECT_EQ(read().crops, (Slots{0, 0}));
}

TEST_F(ImageFiles, OtherSizesAreRefused) {
  add("pixel_values", {2, 3, 4, 5});
  EXPECT_EQ(readRefusal(), ": pixel_values: is [2, 3, 4, 5], the plan's are [n, 3, 4, 4]");
}

TEST_F(ImageFiles, OtherTypesAreRefused) {
  file.add("pixel_values", DType::bf16, {1, 3, 4, 4}, std::vector<uint16_t>(48));
  EXPECT_EQ(readRefusal(), ": pixel_values: is BF16, F32 is needed");
}

TEST_F(ImageFiles, PixelsAreFinite) {
  file.add("pixel_values", DType::f32, {1, 3, 4, 4}, std::vector<float>(48, NAN));
  EXPECT_EQ(readRefusal(), ": pixel_values: has a value that is not finite");
}

TEST_F(ImageFiles, CountsOfAnotherLengthAreRefused) {
  add("pixel_values", {2, 3, 4, 4});
  file.add("num_local_patches", DType::i64, {1}, std::vector<int64_t>{0});
  EXPECT_EQ(readRefusal(), ": num_local_patches: is [1], there are 2 images in pixel_values");
}

TEST_F(ImageFiles, CountsThatAreNotTheCropsAreRefused) {
  add("pixel_values", {1, 3, 4, 4});
  add("pixel_values_local", {3, 3, 2, 2});
  file.add("num_local_patches", DType::i32, {1}, std::vector<int32_t>{4});
  EXPECT_EQ(readRefusal(), ": num_local_patches: does not count the 3 crops in pixel_values_local");
}

TEST_F(ImageFiles, MissingCountsOfCropsAreRefused) {
  add("pixel_values", {1, 3, 4, 4});
  add("pixel_values_local", {3, 3, 2, 2});
  EXPECT_EQ(readRefusal(), ": num_local_patches: counts 0 of the 3 crops in pixel_values_local");
}

} // namespace
} // namespace step37::test
