// What a row of tokens may hold beside ids: documents that do not see each other, and a mask of the
// loss.
#include "test/golden/Golden.h"

#include <numeric>

namespace step37::test {
namespace {

class GoldenRows : public GoldenModel {
protected:
  std::vector<int64_t> ids() const {
    safetensors::File textCase(goldenFile("text_case.safetensors"));
    std::vector<int64_t> values(rows * seqLen);
    std::memcpy(values.data(), textCase.bytes(textCase.at("input_ids")).data(),
                values.size() * sizeof(int64_t));
    return values;
  }

  std::string compileRows(int64_t length, int64_t microBatch) {
    return compile(goldenFile("config.json"), "rows" + std::to_string(length) + ".plan",
                   {"--text-only", "--dtype", "f32", "--seq-len", std::to_string(length),
                    "--micro-batch", std::to_string(microBatch)});
  }
};

/// Documents of 20, 1 and 27 tokens in one row give what they give in rows of their own: logits,
/// loss and, summed up, gradients.
TEST_F(GoldenRows, packedDocumentsEqualSeparateRows) {
  const std::vector<int64_t> begins{0, 20, 21, seqLen};
  const std::vector<int64_t> row = ids();
  std::vector<int32_t> start;
  std::vector<float> mask;
  for (size_t document = 0; document + 1 < begins.size(); ++document)
    for (int64_t t = begins[document]; t < begins[document + 1]; ++t) {
      start.push_back(static_cast<int32_t>(begins[document]));
      // The first token of a document is not predicted from the one before it.
      mask.push_back(t == begins[document] ? 0.0f : 1.0f);
    }
  TensorFile()
      .add("input_ids", DType::i64, {1, seqLen},
           std::vector<int64_t>(row.begin(), row.begin() + seqLen))
      .add("document_start", DType::i32, {1, seqLen}, start)
      .add("loss_mask", DType::f32, {1, seqLen}, mask)
      .write(scratch / "packed.safetensors");
  safetensors::File packed =
      probe(compileRows(seqLen, 1), goldenFile(""), scratch / "packed.safetensors", true);
  const std::vector<float> logits = floatsOf(packed, "logits");

  // The document of one token predicts nothing and is seen through its neighbours only.
  double lossSum = 0, counted = 0;
  std::map<std::string, std::vector<double>> gradients;
  for (size_t document : {0, 2}) {
    const int64_t begin = begins[document], length = begins[document + 1] - begin;
    TensorFile()
        .add("input_ids", DType::i64, {1, length},
             std::vector<int64_t>(row.begin() + begin, row.begin() + begin + length))
        .write(scratch / "alone.safetensors");
    safetensors::File alone =
        probe(compileRows(length, 1), goldenFile(""), scratch / "alone.safetensors", true);
    EXPECT_LE(distance({logits.begin() + begin * vocab, logits.begin() + (begin + length) * vocab},
                       floatsOf(alone, "logits")),
              1e-5)
        << "document " << document;
    const auto predicted = static_cast<double>(length - 1);
    lossSum += predicted * floatsOf(alone, "loss")[0];
    counted += predicted;
    for (const safetensors::Tensor &tensor : alone.tensors())
      if (tensor.name.starts_with("grad.")) {
        std::vector<double> &sum = gradients[tensor.name];
        const std::vector<float> values = floatsOf(alone, tensor.name);
        sum.resize(values.size());
        for (size_t i = 0; i < values.size(); ++i)
          sum[i] += predicted * values[i];
      }
  }
  EXPECT_NEAR(floatsOf(packed, "loss")[0], lossSum / counted, 1e-6);
  for (auto &[name, sum] : gradients) {
    for (double &value : sum)
      value /= counted;
    EXPECT_LE(relativeError(floatsOf(packed, name), sum), 1e-5) << name;
  }
}

/// Only weights of predicted tokens count: loss = Σ mask[t+1]·loss[t+1] / Σ mask[t+1], where a
/// token's own loss is found by a mask of one.
TEST_F(GoldenRows, maskWeighsTheLossOfEachToken) {
  const std::string plan = compileRows(seqLen, rows);
  auto lossOf = [&](const std::vector<float> &mask) {
    TensorFile()
        .add("input_ids", DType::i64, {rows, seqLen}, ids())
        .add("loss_mask", DType::f32, {rows, seqLen}, mask)
        .write(scratch / "masked.safetensors");
    return floatsOf(probe(plan, goldenFile(""), scratch / "masked.safetensors"), "loss")[0];
  };
  const std::vector<std::pair<size_t, float>> weights{{1, 1.0f}, {47, 0.5f}, {48 + 30, 2.0f}};
  std::vector<float> mask(rows * seqLen, 0.0f);
  double sum = 0, total = 0;
  for (auto [token, weight] : weights) {
    std::vector<float> alone(rows * seqLen, 0.0f);
    alone[token] = 1.0f;
    sum += weight * lossOf(alone);
    total += weight;
    mask[token] = weight;
  }
  mask[0] = mask[48] = 7.0f; // the first tokens of rows are never predicted
  EXPECT_NEAR(lossOf(mask), sum / total, 1e-5);
}

TEST_F(GoldenRows, withoutATokenToPredictThereIsNoLoss) {
  TensorFile()
      .add("input_ids", DType::i64, {1, 1}, std::vector<int64_t>{5})
      .write(scratch / "one.safetensors");
  EXPECT_EQ(runner({compileRows(1, 1), "--probe", path("one.safetensors"), "-o", path("out"),
                    "--weights", goldenFile("")}),
            1);
  EXPECT_NE(err.find("one.safetensors"), std::string::npos) << err;
  EXPECT_FALSE(fs::exists(scratch / "out"));
}

} // namespace
} // namespace step37::test
