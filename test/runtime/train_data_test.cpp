// Data: what training sees, what is held out, and what is refused.
#include "runtime/data/Dataset.h"
#include "test/runtime/TrainSupport.h"

#include <set>

namespace step37::test {
namespace {

std::vector<int32_t> trainingIds(Dataset &data, uint64_t seed, int64_t sample, int64_t seqLen) {
  Batch batch{TokenRows(1, seqLen), {}};
  data.trainingRow(seed, sample, batch, 0);
  return batch.tokens.ids;
}

TEST(TextDataset, windowsDependOnSeedAndSampleOnly) {
  std::string text = someText(1000, 256);
  auto first = Dataset::open({}, text, {16, 256}), second = Dataset::open({}, text, {16, 256});
  std::vector<int32_t> later = trainingIds(*first, 5, 70, 16);
  trainingIds(*second, 5, 3, 16);
  EXPECT_EQ(trainingIds(*second, 5, 70, 16), later);
  EXPECT_NE(trainingIds(*second, 6, 70, 16), later);
  EXPECT_NE(trainingIds(*second, 5, 71, 16), later);
}

TEST(TextDataset, trainingNeverSeesTheHeldOutTenth) {
  std::string text = std::string(900, 'a') + std::string(100, 'b');
  auto data = Dataset::open({}, text, {8, 256});
  for (int64_t sample = 0; sample < 2000; ++sample)
    ASSERT_EQ(trainingIds(*data, 1, sample, 8), std::vector<int32_t>(8, 'a'));
}

TEST(TextDataset, heldOutRowsPredictEveryTokenOnce) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text.push_back(static_cast<char>(i % 251));
  auto data = Dataset::open({}, text, {16, 256});
  std::vector<int32_t> predicted;
  for (int64_t i = 0; i < data->heldOutRows(); ++i) {
    Batch batch{TokenRows(1, 16), {}};
    data->heldOutRow(i, batch, 0);
    for (size_t t = 1; t < 16; ++t)
      if (batch.tokens.mask[t] > 0)
        predicted.push_back(batch.tokens.ids[t]);
  }
  std::vector<int32_t> expected;
  for (int i = 901; i < 1000; ++i)
    expected.push_back(i % 251);
  EXPECT_EQ(predicted, expected);
}

TEST(TextDataset, bytesAboveTheVocabularyAreNamed) {
  std::string text = std::string(100, 'a') + '\xf0' + std::string(100, 'a');
  std::string message = errorOf([&] { Dataset::open({}, text, {8, 200}); });
  EXPECT_NE(message.find("byte 240 at position 100"), std::string::npos) << message;
}

TEST(TextDataset, refusesTextsThatAreTooShort) {
  ScratchDirectory scratch;
  writeText(scratch / "short.txt", std::string(50, 'a'));
  std::string message = errorOf([&] { Dataset::open(scratch / "short.txt", "", {64, 256}); });
  EXPECT_NE(message.find("short.txt: has 50 bytes; a row takes 64"), std::string::npos) << message;
  writeText(scratch / "empty.txt", "");
  message = errorOf([&] { Dataset::open(scratch / "empty.txt", "", {64, 256}); });
  EXPECT_NE(message.find("empty.txt"), std::string::npos) << message;
  message = errorOf([&] { Dataset::open(scratch / "missing.txt", "", {64, 256}); });
  EXPECT_NE(message.find("missing.txt"), std::string::npos) << message;
}

class RowFiles : public testing::Test {
protected:
  /// Rows of one distinct id each.
  fs::path rows(int64_t count, int64_t seqLen = 4) {
    std::vector<int64_t> ids;
    for (int64_t row = 0; row < count; ++row)
      ids.insert(ids.end(), static_cast<size_t>(seqLen), row);
    fs::path path = scratch / "rows.safetensors";
    TensorFile().add("input_ids", DType::i64, {count, seqLen}, ids).write(path);
    return path;
  }

  ScratchDirectory scratch;
};

TEST_F(RowFiles, everyEpochSeesEachTrainingRowOnceInItsOwnOrder) {
  auto data = Dataset::open(rows(25), "", {4, 100});
  EXPECT_EQ(data->heldOutRows(), 2);
  std::vector<std::vector<int32_t>> epochs(2);
  for (int64_t sample = 0; sample < 46; ++sample)
    epochs[static_cast<size_t>(sample / 23)].push_back(trainingIds(*data, 9, sample, 4)[0]);
  EXPECT_NE(epochs[0], epochs[1]);
  for (const auto &epoch : epochs) {
    std::set<int32_t> seen(epoch.begin(), epoch.end());
    EXPECT_EQ(seen.size(), 23u);
    EXPECT_EQ(*seen.rbegin(), 22);
  }
  // Whatever was drawn before, a sample is the same row.
  EXPECT_EQ(trainingIds(*data, 9, 3, 4)[0], epochs[0][3]);
}

TEST_F(RowFiles, fewRowsServeAsBoth) {
  auto data = Dataset::open(rows(2), "", {4, 100});
  EXPECT_EQ(data->heldOutRows(), 2);
  EXPECT_NE(trainingIds(*data, 1, 0, 4), trainingIds(*data, 1, 1, 4));
  EXPECT_NE(data->description().find("too few"), std::string::npos);
}

TEST_F(RowFiles, refusesWhatDoesNotFitThePlan) {
  std::string message = errorOf([&] { Dataset::open(rows(3, 5), "", {4, 100}); });
  EXPECT_NE(message.find("rows have 5 tokens"), std::string::npos) << message;
  message = errorOf([&] { Dataset::open(rows(30), "", {4, 29}); });
  EXPECT_NE(message.find("input_ids: row 29, position 0: 29"), std::string::npos) << message;
  message = errorOf([&] { Dataset::open(rows(0), "", {4, 29}); });
  EXPECT_NE(message.find("no rows"), std::string::npos) << message;
}

TEST_F(RowFiles, refusesWrongTensors) {
  fs::path path = scratch / "wrong.safetensors";
  auto open = [&] { Dataset::open(path, "", {2, 10}); };
  TensorFile().add("ids", DType::i32, {1, 2}, std::vector<int32_t>{1, 2}).write(path);
  EXPECT_NE(errorOf(open).find("input_ids"), std::string::npos);
  TensorFile().add("input_ids", DType::f32, {1, 2}, std::vector<float>{1, 2}).write(path);
  EXPECT_NE(errorOf(open).find("input_ids: is F32"), std::string::npos);
  TensorFile().add("input_ids", DType::i32, {2}, std::vector<int32_t>{1, 2}).write(path);
  EXPECT_NE(errorOf(open).find("input_ids: has rank 1"), std::string::npos);
  TensorFile().add("input_ids", DType::i32, {1, 2}, std::vector<int32_t>{1, -2}).write(path);
  EXPECT_NE(errorOf(open).find("row 0, position 1: -2"), std::string::npos);

  auto withMask = [&](std::vector<int64_t> shape, std::vector<float> mask) {
    TensorFile()
        .add("input_ids", DType::i32, {1, 2}, std::vector<int32_t>{1, 2})
        .add("loss_mask", DType::f32, std::move(shape), mask)
        .write(path);
  };
  withMask({2, 2}, {1, 1, 1, 1});
  EXPECT_NE(errorOf(open).find("loss_mask: has 2 rows"), std::string::npos);
  withMask({1, 2}, {1, NAN});
  EXPECT_NE(errorOf(open).find("loss_mask: row 0, position 1"), std::string::npos);
  withMask({1, 2}, {1, 0});
  EXPECT_NE(errorOf(open).find("counts no token"), std::string::npos);
}

TEST_F(RowFiles, documentStartsLieBeforeTheirTokens) {
  fs::path path = scratch / "documents.safetensors";
  auto write = [&](std::vector<int32_t> starts) {
    TensorFile()
        .add("input_ids", DType::i32, {1, 3}, std::vector<int32_t>{1, 2, 3})
        .add("document_start", DType::i32, {1, 3}, starts)
        .write(path);
  };
  write({0, 0, 2});
  EXPECT_EQ(readTokenRows(path, {3, 10}).documentStart, (std::vector<int32_t>{0, 0, 2}));
  write({0, 2, 2});
  EXPECT_NE(
      errorOf([&] { readTokenRows(path, {3, 10}); }).find("document_start: row 0, position 1"),
      std::string::npos);
}

/// What a depth of multi-token prediction predicts lies in the row and, unlike the next token, in
/// the document.
TEST(TokenRows, countsWhatIsPredictedFromSomePositionsBefore) {
  TokenRows batch(2, 4);
  batch.mask = {1, 2, 4, 8, 16, 32, 64, 128};
  batch.documentStart = {0, 0, 0, 0, 0, 0, 2, 2};
  EXPECT_EQ(batch.counted(), 2 + 4 + 8 + 32 + 64 + 128);
  EXPECT_EQ(batch.counted(2), 4 + 8);
  EXPECT_EQ(batch.counted(3), 8);
  EXPECT_EQ(batch.counted(4), 0);
}

} // namespace
} // namespace step37::test
