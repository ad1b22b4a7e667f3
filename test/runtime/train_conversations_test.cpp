// Conversations as data: rows, documents, pictures, and every way in which file or pictures can be
// wrong.
#include "runtime/data/image/Views.h"
#include "test/runtime/ConversationSamples.h"
#include "test/runtime/image_support.h"

#include <set>

namespace step37::test {
namespace {

class Conversations : public testing::Test {
protected:
  Conversations() { fs::create_directory(scratch / "pictures"); }

  std::unique_ptr<Dataset> open(const ConversationFields &fields,
                                const ConversationOptions &options = {}, int64_t seqLen = 16) {
    return openWith(fields, options, conversationLimits(seqLen));
  }
  std::unique_ptr<Dataset> openWith(const ConversationFields &fields,
                                    const ConversationOptions &options, const DataLimits &limits) {
    fields.write(scratch / "talk.safetensors");
    return Dataset::open(scratch / "talk.safetensors", "", limits, options);
  }
  std::string refusal(const ConversationFields &fields, const ConversationOptions &options = {},
                      int64_t seqLen = 16) {
    return errorOf([&] { open(fields, options, seqLen); });
  }

  /// A copy of a golden picture.
  std::string picture(const std::string &golden) {
    fs::copy_file(imageData(golden), scratch / ("pictures/" + golden),
                  fs::copy_options::overwrite_existing);
    return "pictures/" + golden;
  }

  Batch heldOut(Dataset &data, int64_t index, int64_t seqLen = 16) {
    Batch batch{TokenRows(1, seqLen), {}};
    data.heldOutRow(index, batch, 0);
    return batch;
  }

  std::string noted(Dataset &data) {
    std::ostringstream out;
    RunLog log(out, RunLog::Style::plain);
    data.badSamples()->conclude([&](const std::string &line) { log.note(line); });
    return out.str();
  }

  ScratchDirectory scratch;
};

ConversationFields texts(const std::vector<int64_t> &lengths) {
  ConversationFields fields;
  for (size_t i = 0; i < lengths.size(); ++i)
    fields.addText(lengths[i], static_cast<int32_t>(i + 1));
  return fields;
}

TEST_F(Conversations, samplesShareARowAsDocuments) {
  auto data = open(texts({3, 4, 2, 5}), {}, 8);
  ASSERT_EQ(data->heldOutRows(), 2);
  TokenRows first = heldOut(*data, 0, 8).tokens, second = heldOut(*data, 1, 8).tokens;
  EXPECT_EQ(first.ids, (std::vector<int32_t>{1, 1, 1, 2, 2, 2, 2, 0}));
  EXPECT_EQ(first.mask, (std::vector<float>{0, 0, 1, 0, 0, 0, 1, 0}));
  EXPECT_EQ(first.documentStart, (std::vector<int32_t>{0, 0, 0, 3, 3, 3, 3, 7}));
  EXPECT_EQ(second.ids, (std::vector<int32_t>{3, 3, 4, 4, 4, 4, 4, 0}));
  EXPECT_EQ(second.documentStart, (std::vector<int32_t>{0, 0, 2, 2, 2, 2, 2, 7}));
}

TEST_F(Conversations, aFirstTokenIsNeverPredicted) {
  ConversationFields fields = texts({3, 4});
  fields.mask[3] = 1; // of the second sample
  EXPECT_EQ(heldOut(*open(fields, {}, 8), 0, 8).tokens.mask[3], 0);
}

TEST_F(Conversations, everyEpochSeesEachRowOnceWhateverWasDrawnBefore) {
  auto data = open(texts(std::vector<int64_t>(25, 5)), {}, 6);
  std::set<int32_t> seen;
  Batch batch{TokenRows(1, 6), {}};
  for (int64_t sample = 0; sample < 23; ++sample) {
    data->trainingRow(9, sample, batch, 0);
    seen.insert(batch.tokens.ids[0]);
  }
  EXPECT_EQ(seen.size(), 23u);
  EXPECT_EQ(*seen.rbegin(), 23);
  auto rows = [&](uint64_t seed) {
    std::vector<int32_t> tokens;
    for (int64_t sample = 0; sample < 23; ++sample) {
      data->trainingRow(seed, sample, batch, 0);
      tokens.push_back(batch.tokens.ids[0]);
    }
    return tokens;
  };
  const std::vector<int32_t> before = rows(9);
  EXPECT_NE(rows(8), before);
  EXPECT_EQ(rows(9), before);
}

TEST_F(Conversations, picturesTakeThePlaceOfTheirPlaceholders) {
  ConversationFields fields;
  fields.add({7, feature, 8, 9}, 2, {picture("plain.png")}); // 21 x 13: window 13, 2 x 1 crops
  fields.add({5, 6}, 1);
  auto data = open(fields);
  Batch batch = heldOut(*data, 0);
  EXPECT_EQ(batch.tokens.ids, (std::vector<int32_t>{7, 103, 100, 104, 103, 100, 104, 101, 100, 100,
                                                    100, 100, 102, 8, 9, 0}));
  EXPECT_EQ(batch.tokens.mask,
            (std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0}));
  EXPECT_EQ(batch.images.crops, (std::vector<int64_t>{2}));

  const Image image = goldenImage("decoded.plain.png");
  std::vector<float> view(3 * 26 * 26), crops(2 * 3 * 18 * 18);
  writeViews(image, cropLayout(image.size, {26, 18}), {26, 18}, PreprocessOrder::normalizeFirst,
             view, crops);
  EXPECT_EQ(batch.images.pixels, view);
  EXPECT_EQ(batch.images.cropPixels, crops);
  // Rows append their pictures.
  data->heldOutRow(0, batch, 0);
  EXPECT_EQ(batch.images.images(), 2);
}

TEST_F(Conversations, theOrderOfPreprocessingIsAnOption) {
  ConversationFields fields;
  fields.add({7, feature, 8}, 1, {picture("plain.png")});
  Batch first = heldOut(*open(fields), 0);
  Batch second = heldOut(*open(fields, {.preprocess = PreprocessOrder::resizeFirst}), 0);
  EXPECT_NE(first.images.pixels, second.images.pixels);
  EXPECT_LT(largestDifference(first.images.pixels, second.images.pixels), 0.02);
}

TEST_F(Conversations, longSamplesAreBadDroppedOrAlone) {
  const ConversationFields fields = texts({3, 7, 2, 2});
  EXPECT_EQ(refusal(fields, {.pack_length = 6}, 8), "talk.jsonl:2: has 7 tokens, 6 fit");
  auto dropped = open(fields, {.pack_length = 6, .overlong = Overlong::drop}, 8);
  EXPECT_EQ(dropped->heldOutRows(), 2);
  EXPECT_NE(dropped->description().find("1 samples longer than 6 tokens dropped"),
            std::string::npos);
  auto extended = open(fields, {.pack_length = 6, .overlong = Overlong::extend}, 8);
  ASSERT_EQ(extended->heldOutRows(), 3);
  EXPECT_EQ(heldOut(*extended, 1, 8).tokens.ids, (std::vector<int32_t>{2, 2, 2, 2, 2, 2, 2, 0}));
  EXPECT_EQ(refusal(fields, {.pack_length = 4, .overlong = Overlong::extend}, 6),
            "talk.jsonl:2: has 7 tokens, 6 fit");
  EXPECT_EQ(refusal(fields, {.pack_length = 9}, 8),
            "--pack-length 9: the plan's rows have 8 tokens");
  EXPECT_NE(refusal(texts({7}), {.overlong = Overlong::drop}, 6).find("longer than 6"),
            std::string::npos);
}

/// What can be wrong with the picture of line 2.
struct BadPicture {
  const char *what;
  std::string bytes;   // of the file; none: it is missing
  const char *message; // behind file and line
};

std::string bytesOf(const std::string &golden) {
  return std::string(MappedFile(imageData(golden)).text());
}

TEST_F(Conversations, badPicturesStopARunOrAreSkipped) {
  std::string huge = bytesOf("plain.png");
  huge.replace(16, 17, std::string("\0\0\x4e\x20\0\0\x4e\x20\x08\2\0\0\0\x6c\x12\xd1\x6e", 17));
  const std::vector<BadPicture> cases{
      {"missing", "", "no such file"},
      {"no picture", "GIF89a", "is neither a JPEG nor a PNG file"},
      {"broken header", bytesOf("plain.jpg").substr(0, 300), "broken JPEG"},
      {"damaged pixels", bytesOf("plain.jpg").substr(0, 700), "broken JPEG"},
      {"huge", huge, "has 20000 x 20000 pixels, --max-pixels allows 89478485"}};
  ConversationFields fields = texts({3});
  fields.add({7, feature, 8}, 1, {"pictures/bad"});
  fields.addText(4, 9);
  for (const BadPicture &bad : cases) {
    SCOPED_TRACE(bad.what);
    fs::remove(scratch / "pictures/bad");
    if (!bad.bytes.empty())
      writeText(scratch / "pictures/bad", bad.bytes);
    const std::string message = errorOf([&] {
      auto data = open(fields);
      for (int64_t row = 0; row < data->heldOutRows(); ++row)
        heldOut(*data, row);
    });
    EXPECT_EQ(message.find("talk.jsonl:2: "), 0u) << message;
    EXPECT_NE(message.find("pictures/bad: " + std::string(bad.message)), std::string::npos)
        << message;

    auto data = open(fields, {.on_bad_sample = OnBadSample::skip});
    std::set<int32_t> ids;
    int64_t images = 0;
    for (int round = 0; round < 2; ++round)
      for (int64_t row = 0; row < data->heldOutRows(); ++row) {
        Batch batch = heldOut(*data, row);
        ids.insert(batch.tokens.ids.begin(), batch.tokens.ids.end());
        images += batch.images.images();
      }
    EXPECT_EQ(ids, (std::set<int32_t>{0, 1, 9})) << "nothing of the sample is left";
    EXPECT_EQ(images, 0);
    EXPECT_EQ(noted(*data), "skipped " + message + "\nbad samples skipped: 1\n");
  }
  writeText(scratch / "pictures/bad", "");
  EXPECT_NE(refusal(fields).find("pictures/bad: the file is empty"), std::string::npos);
}

TEST_F(Conversations, aPictureThatChangedIsBad) {
  ConversationFields fields;
  fields.add({7, feature, 8}, 1, {picture("plain.png")});
  auto data = open(fields);
  fs::copy_file(imageData("turned-6.png"), scratch / "pictures/plain.png",
                fs::copy_options::overwrite_existing);
  EXPECT_NE(errorOf([&] { heldOut(*data, 0); }).find("another size than when the run began"),
            std::string::npos);
}

TEST_F(Conversations, nothingToTrainOnIsAnError) {
  ConversationFields fields = texts({3});
  fields.mask = {1, 0, 0};
  EXPECT_NE(refusal(fields).find("no sample that can be used has a token to predict"),
            std::string::npos);
  EXPECT_NE(refusal(texts({30}), {.on_bad_sample = OnBadSample::skip}).find("; 1 are bad"),
            std::string::npos);
}

TEST_F(Conversations, whatThePlanHasNoRoomForIsRefused) {
  ConversationFields fields;
  fields.add({feature, 8}, 1, {picture("plain.png")}).add({feature, 8}, 1, {picture("plain.png")});
  const std::string message = errorOf([&] { openWith(fields, {}, conversationLimits(64, 1)); });
  EXPECT_EQ(message, "talk.jsonl:1: the row of 2 samples from here on has 2 pictures, the plan has "
                     "room for 1: compile it with a larger --images");
  EXPECT_NE(errorOf([&] {
              openWith(fields, {}, conversationLimits(64, 2, 3));
            }).find("4 crops, the plan has room for 3"),
            std::string::npos);
  DataLimits none = conversationLimits(64, 0);
  EXPECT_NE(errorOf([&] { openWith(fields, {}, none); }).find("has pictures, and the plan takes"),
            std::string::npos);
  DataLimits other = conversationLimits(64);
  other.images.image_token = 99;
  EXPECT_NE(errorOf([&] { openWith(fields, {}, other); }).find("image_token_id is 99"),
            std::string::npos);
}

TEST_F(Conversations, aLineOfJsonIsToldTheCommand) {
  writeText(scratch / "talk.jsonl", "{}\n");
  const std::string message =
      errorOf([&] { Dataset::open(scratch / "talk.jsonl", "", {16, 256}); });
  EXPECT_NE(message.find("tools/pack_conversations.py"), std::string::npos) << message;
}

TEST_F(Conversations, everyFieldIsChecked) {
  auto wrong = [&](auto change, const std::string &expected) {
    ConversationFields fields = texts({3, 4});
    fields.add({feature, 8}, 1, {picture("plain.png")});
    change(fields);
    const std::string message = refusal(fields);
    EXPECT_NE(message.find("talk.safetensors: " + expected), std::string::npos) << message;
  };
  using Fields = ConversationFields;
  wrong([](Fields &f) { f.source.clear(); }, "metadata: source");
  wrong([](Fields &f) { f.tokens[4] = -1; }, "tokens: value 4: -1 is no token id");
  wrong([](Fields &f) { f.tokens[4] = 110; }, "tokens: value 4: 110 is no token id");
  wrong([](Fields &f) { f.mask[2] = 2; }, "loss_mask: value 2 is neither 0 nor 1");
  wrong([](Fields &f) { f.mask.pop_back(); }, "loss_mask: has 8 values, tokens has 9");
  wrong([](Fields &f) { f.maskType = DType::f8e4m3; }, "loss_mask: is F8_E4M3, U8 is needed");
  wrong([](Fields &f) { f.sampleTokens[1] = 8; }, "sample_tokens: value 2 is below");
  wrong([](Fields &f) { f.sampleTokens[0] = 1; }, "sample_tokens: goes from 1");
  wrong([](Fields &f) { f.sampleTokens.back() = 99; }, "sample_tokens: goes from 0 to 99");
  wrong([](Fields &f) { f.sampleTokens.pop_back(); }, "sample_tokens: has 3 values, 4 are needed");
  wrong([](Fields &f) { f.lines[0] = 0; }, "sample_lines: 0 is no line");
  wrong([](Fields &f) { f.lines.clear(); }, "sample_lines: there is no sample");
  wrong([](Fields &f) { f.sampleImages.back() = 2; }, "sample_images: goes from 0 to 2");
  wrong([](Fields &f) { f.pathOffsets.clear(); }, "image_path_offsets: is empty");
  wrong([](Fields &f) { f.pathOffsets.back() = 1000; }, "image_path_offsets: goes from 0 to 1000");
  wrong([](Fields &f) { f.imageTokens.pop_back(); }, "image_tokens: has 5 values");
  wrong([](Fields &f) { f.imageTokens[5] = -1; }, "image_tokens: -1 is no token id");
  wrong([](Fields &f) { f.imageTokens[0] = 110; }, "image_tokens: 110 is no token id");
  wrong([](Fields &f) { f.tokens[0] = feature; }, "talk.jsonl:1: has 0 images and 1 placeholders");
  wrong([](Fields &f) { f.tokens[7] = 1; }, "talk.jsonl:3: has 1 images and 0 placeholders");
}

/// What the repository ships, with the sizes of its own model.
TEST_F(Conversations, theExampleCanBeUsed) {
  DataLimits limits = conversationLimits(160, 6, 12);
  limits.vocab = 320;
  limits.images.image_size = 112;
  limits.images.crop_size = 56;
  limits.images.image_token = 285;
  auto data = Dataset::open(fs::path(STEP37_TEST_DATA) /
                                "../../tools/examples/step37-tiny/captions.safetensors",
                            "", limits);
  Batch batch{TokenRows(1, 160), {}};
  int64_t samples = 0;
  auto countSamples = [&] {
    const std::vector<int32_t> &ids = batch.tokens.ids;
    samples += std::count(ids.begin(), ids.end(), 256) / 2; // 256 begins each of two turns
    EXPECT_EQ(batch.images.images(), samples);
    EXPECT_GT(batch.tokens.counted(), 0);
  };
  // The last tenth of so few rows is one row: the other rows and it are all.
  ASSERT_EQ(data->heldOutRows(), 1);
  for (int64_t sample = 0; samples < 24 && sample < 24; ++sample) {
    if (sample == 0)
      data->heldOutRow(0, batch, 0);
    else
      data->trainingRow(1, sample - 1, batch, 0);
    countSamples();
  }
  EXPECT_EQ(samples, 24);
  EXPECT_EQ(noted(*data), "");
}

TEST_F(Conversations, shortenedFilesAreErrors) {
  ConversationFields fields = texts({3, 4});
  fields.write(scratch / "whole.safetensors");
  const std::string whole = fileText(scratch / "whole.safetensors");
  for (size_t length = 1; length < whole.size(); length += 7) {
    writeText(scratch / "talk.safetensors", whole.substr(0, length));
    EXPECT_THROW(Dataset::open(scratch / "talk.safetensors", "", conversationLimits(16)), Error);
  }
}

} // namespace
} // namespace step37::test
