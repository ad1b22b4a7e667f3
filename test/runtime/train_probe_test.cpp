// The probe against plain loops, on the bigram plan.
#include "test/runtime/TrainSupport.h"

#include <numeric>

namespace step37::test {
namespace {

class Probe : public testing::Test {
protected:
  void SetUp() override {
    writeWeights(model, scratch / "weights");
    batch.ids = someIds(tokens, shape.vocab);
    for (size_t i = 0; i < batch.mask.size(); ++i)
      batch.mask[i] = i % 3 == 0 ? 0.0f : 0.5f * static_cast<float>(i % 4);
    std::vector<int64_t> ids(batch.ids.begin(), batch.ids.end());
    TensorFile()
        .add("input_ids", DType::i64, {shape.microBatch, shape.seqLen}, ids)
        .add("loss_mask", DType::f32, {shape.microBatch, shape.seqLen}, batch.mask)
        .add("unrelated", DType::f32, {1}, std::vector<float>{1})
        .write(scratch / "in.safetensors");
  }

  void probe(bool grads) {
    std::ostringstream out;
    RunLog log(out, RunLog::Style::plain);
    runProbe(bigramPlan(shape), {.device = "host", .threads = 2},
             {.weights = scratch / "weights",
              .input = scratch / "in.safetensors",
              .output = scratch / "out.safetensors",
              .grads = grads},
             log);
  }

  std::vector<double> expectedLogits() const {
    std::vector<double> logits;
    for (int32_t id : batch.ids)
      for (double score : model.logits(id))
        logits.push_back(score);
    return logits;
  }

  BigramShape shape;
  int64_t tokens = shape.microBatch * shape.seqLen;
  BigramModel model = someBigramModel(shape);
  TokenRows batch{shape.microBatch, shape.seqLen};
  ScratchDirectory scratch;
};

TEST_F(Probe, logitsLossAndGradients) {
  probe(/*grads=*/true);
  safetensors::File file(scratch / "out.safetensors");
  EXPECT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.at("logits").shape,
            (std::vector<int64_t>{shape.microBatch, shape.seqLen, shape.vocab}));
  EXPECT_LT(relativeError(floatsOf(file, "logits"), expectedLogits()), 1e-6);
  BigramModel::Gradients expected = model.gradients({batch});
  EXPECT_EQ(file.at("loss").shape, std::vector<int64_t>{1});
  EXPECT_NEAR(floatsOf(file, "loss")[0], expected.loss, 1e-6 * expected.loss);
  EXPECT_EQ(file.at("grad.lm_head.weight").shape, (std::vector<int64_t>{shape.vocab, shape.width}));
  EXPECT_LT(relativeError(floatsOf(file, "grad.lm_head.weight"), expected.head), 1e-6);
  EXPECT_LT(relativeError(floatsOf(file, "grad.model.embed_tokens.weight"), expected.embed), 1e-6);
}

TEST_F(Probe, withoutGradientsOnlyLogitsAndLoss) {
  probe(/*grads=*/false);
  EXPECT_EQ(safetensors::File(scratch / "out.safetensors").tensors().size(), 2u);
}

TEST_F(Probe, frozenParametersHaveNoGradient) {
  shape.trainEmbedding = false;
  probe(/*grads=*/true);
  safetensors::File file(scratch / "out.safetensors");
  EXPECT_EQ(file.find("grad.model.embed_tokens.weight"), nullptr);
  EXPECT_NE(file.find("grad.lm_head.weight"), nullptr);
}

TEST_F(Probe, bfloat16StaysNear) {
  shape.type = DType::bf16;
  probe(/*grads=*/true);
  safetensors::File file(scratch / "out.safetensors");
  EXPECT_LT(relativeError(floatsOf(file, "logits"), expectedLogits()), 0.01);
  EXPECT_LT(relativeError(floatsOf(file, "grad.lm_head.weight"), model.gradients({batch}).head),
            0.02);
}

TEST_F(Probe, otherNumberOfRowsIsRefusedAndNothingIsWritten) {
  TensorFile()
      .add("input_ids", DType::i32, {1, shape.seqLen}, someIds(shape.seqLen, shape.vocab))
      .write(scratch / "in.safetensors");
  std::string message = errorOf([&] { probe(true); });
  EXPECT_NE(message.find("input_ids: has 1 rows, a micro-batch of this plan has 2"),
            std::string::npos)
      << message;
  EXPECT_FALSE(fs::exists(scratch / "out.safetensors"));
}

TEST_F(Probe, maskThatCountsNothingIsRefused) {
  std::vector<float> mask(static_cast<size_t>(tokens), 0);
  mask[0] = 1; // the first token of a row is not predicted
  TensorFile()
      .add("input_ids", DType::i32, {shape.microBatch, shape.seqLen}, batch.ids)
      .add("loss_mask", DType::f32, {shape.microBatch, shape.seqLen}, mask)
      .write(scratch / "in.safetensors");
  EXPECT_NE(errorOf([&] { probe(false); }).find("counts no token"), std::string::npos);
}

} // namespace
} // namespace step37::test
