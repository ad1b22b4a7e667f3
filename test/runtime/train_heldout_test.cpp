// The held-out loss against plain loops, on the bigram plan.
#include "runtime/train/HeldOut.h"
#include "runtime/train/InitialWeights.h"
#include "test/runtime/TrainSupport.h"

namespace step37::test {
namespace {

class HeldOut : public testing::Test {
protected:
  void SetUp() override {
    writeWeights(bigram, scratch / "weights");
    std::ostringstream out;
    RunLog log(out, RunLog::Style::plain);
    initializeWeights(model, scratch / "weights", 0, log);
  }

  /// The loss of rows `indices` of the held-out data, all in one batch.
  double expected(const std::vector<int64_t> &indices) const {
    Batch batch{TokenRows(static_cast<int64_t>(indices.size()), shape.seqLen), {}};
    for (size_t i = 0; i < indices.size(); ++i)
      data->heldOutRow(indices[i], batch, static_cast<int64_t>(i));
    return bigram.gradients({batch.tokens}).loss;
  }

  BigramShape shape;
  BigramModel bigram = someBigramModel(shape);
  plan::Plan plan = bigramPlan(shape);
  Model model{plan, {}};
  std::string text = someText(700, shape.vocab);
  std::unique_ptr<Dataset> data = Dataset::open({}, text, DataLimits::of(model.plan()));
  ScratchDirectory scratch;
};

TEST_F(HeldOut, isTheMeanOverAllTokens) {
  // 70 tokens are 7 rows of 11 predictions, the last one shorter; the last batch has one row only.
  ASSERT_EQ(data->heldOutRows(), 7);
  EXPECT_NEAR(heldOutLoss(model, *data, 1000), expected({0, 1, 2, 3, 4, 5, 6}), 1e-5);
}

TEST_F(HeldOut, fewerRowsAreSpreadEvenly) {
  EXPECT_NEAR(heldOutLoss(model, *data, 3), expected({0, 2, 4}), 1e-5);
  EXPECT_GT(std::abs(expected({0, 2, 4}) - expected({0, 1, 2})), 1e-3) << "rows are too alike";
}

TEST_F(HeldOut, maskThatCountsNothingIsRefused) {
  std::vector<float> mask(120, 1);
  std::fill(mask.end() - 12, mask.end(), 0.0f);
  TensorFile()
      .add("input_ids", DType::i32, {10, 12}, std::vector<int32_t>(120, 1))
      .add("loss_mask", DType::f32, {10, 12}, mask)
      .write(scratch / "rows.safetensors");
  data = Dataset::open(scratch / "rows.safetensors", "", DataLimits::of(model.plan()));
  EXPECT_NE(errorOf([&] { heldOutLoss(model, *data, 1000); }).find("no held-out token"),
            std::string::npos);
}

} // namespace
} // namespace step37::test
