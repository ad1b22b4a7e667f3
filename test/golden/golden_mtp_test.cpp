// Multi-token prediction: the golden case in float32, documents that do not see each other, and the
// switches, by models for which two forms of a switch must agree.
#include "test/golden/Golden.h"

namespace step37::test {
namespace {

using Shape = std::vector<int64_t>;

class GoldenMtp : public GoldenModel {
protected:
  static constexpr int64_t depths = 2;
  const fs::path mtpCase = goldenFile("mtp_case.safetensors");

  std::string compileMtp(Arguments options, int64_t microBatch = rows, int64_t length = seqLen) {
    options.insert(options.begin(),
                   {"--text-only", "--mtp", "--dtype", "f32", "--seq-len", std::to_string(length),
                    "--micro-batch", std::to_string(microBatch)});
    return compile(goldenFile("config.json"), "mtp.plan", options);
  }
};

bool isHead(const std::string &name) { return name.ends_with("shared_head.output.weight"); }

TEST_F(GoldenMtp, logitsLossesAndGradients) {
  safetensors::File probed = probeGolden(compileMtp({}), mtpCase, true);
  safetensors::File expected(mtpCase), gradients(goldenFile("mtp_grads.safetensors"));

  EXPECT_EQ(probed.at("mtp_logits").shape, (Shape{depths, rows, seqLen, vocab}));
  EXPECT_LE(distance(floatsOf(probed, "mtp_logits"), floatsOf(expected, "mtp_logits")), 1e-5);
  for (const char *loss : {"main_loss", "mtp_losses", "total_loss"}) {
    const std::vector<float> values = floatsOf(probed, loss), golden = floatsOf(expected, loss);
    ASSERT_EQ(values.size(), golden.size()) << loss;
    for (size_t i = 0; i < golden.size(); ++i)
      EXPECT_NEAR(values[i], golden[i], 1e-5) << loss << " " << i;
  }
  EXPECT_EQ(floatsOf(probed, "loss"), floatsOf(probed, "main_loss"));

  expectGradients(probed, gradients, 6);
}

/// Without --mtp the layers are carried: what is computed is the text case.
TEST_F(GoldenMtp, withoutTheOptionTheLayersAreCarried) {
  safetensors::File probed = probeGolden(compileGolden("config.json", "f32"), mtpCase, true);
  EXPECT_EQ(probed.find("mtp_logits"), nullptr);
  EXPECT_EQ(probed.find("grad.model.layers.6.enorm.weight"), nullptr);
  EXPECT_NEAR(floatsOf(probed, "loss")[0], floatsOf(safetensors::File(mtpCase), "main_loss")[0],
              1e-5);
}

/// The loss that is trained and logged is the total one, and it falls.
TEST_F(GoldenMtp, trainingLogsTheTotalAndItsParts) {
  safetensors::File golden(mtpCase);
  std::vector<int64_t> ids(rows * seqLen);
  std::memcpy(ids.data(), golden.bytes(golden.at("input_ids")).data(),
              ids.size() * sizeof(int64_t));
  TensorFile()
      .add("input_ids", DType::i64, {rows, seqLen}, ids)
      .add("loss_mask", DType::f32, {rows, seqLen}, floatsOf(golden, "loss_mask"))
      .write(scratch / "rows.safetensors");
  const auto steps =
      train(compileMtp({}), {"--weights", goldenFile(""), "--data", path("rows.safetensors"),
                             "--steps", "5", "--warmup", "0"});
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_NEAR(steps[0].loss, floatsOf(golden, "total_loss")[0], 1e-5);
  EXPECT_LT(steps[4].loss, steps[0].loss - 0.5);
  const auto first = nlohmann::json::parse(
      fileText(scratch / "log.jsonl").substr(0, fileText(scratch / "log.jsonl").find('\n')));
  EXPECT_NEAR(first["main_loss"], floatsOf(golden, "main_loss")[0], 1e-5);
  for (size_t depth = 0; depth < depths; ++depth)
    EXPECT_NEAR(first["mtp_losses"][depth], floatsOf(golden, "mtp_losses")[depth], 1e-5);
}

/// Two documents of 24 tokens in one row give what they give in rows of their own: no depth
/// predicts, or is influenced, across the boundary.
TEST_F(GoldenMtp, packedDocumentsEqualSeparateRows) {
  constexpr int64_t length = seqLen / 2;
  safetensors::File golden(mtpCase);
  std::vector<int64_t> ids(seqLen);
  std::memcpy(ids.data(), golden.bytes(golden.at("input_ids")).data(),
              ids.size() * sizeof(int64_t));
  std::vector<int32_t> start(length, 0);
  start.resize(seqLen, length);
  std::vector<float> mask(seqLen, 1.0f);
  mask[length] = 0.0f; // the model itself does not look at documents
  TensorFile()
      .add("input_ids", DType::i64, {1, seqLen}, ids)
      .add("document_start", DType::i32, {1, seqLen}, start)
      .add("loss_mask", DType::f32, {1, seqLen}, mask)
      .write(scratch / "packed.safetensors");
  TensorFile()
      .add("input_ids", DType::i64, {2, length}, ids)
      .write(scratch / "separate.safetensors");
  safetensors::File separate =
      probe(compileMtp({}, 2, length), goldenFile(""), scratch / "separate.safetensors", true);
  safetensors::File packed =
      probe(compileMtp({}, 1), goldenFile(""), scratch / "packed.safetensors", true);
  for (const safetensors::Tensor &tensor : separate.tensors())
    if (tensor.name.find("logits") == std::string::npos)
      EXPECT_LE(distance(floatsOf(packed, tensor.name), floatsOf(separate, tensor.name)), 1e-5)
          << tensor.name;
}

/// If each depth's head equals the model's, sharing it changes nothing but where the gradients go.
TEST_F(GoldenMtp, sharedHeadsCollectTheGradientsOfAll) {
  const std::vector<float> head =
      floatsOf(safetensors::File(goldenFile("model.safetensors")), "lm_head.weight");
  const fs::path weights = changedWeights([&](const std::string &name, std::vector<float> &values) {
    if (isHead(name))
      values = head;
  });
  safetensors::File own = probe(compileMtp({}), weights, mtpCase, true);
  safetensors::File shared =
      probe(compileMtp({"--set", "mtp_head=shared"}), weights, mtpCase, true);
  EXPECT_LE(distance(floatsOf(shared, "mtp_logits"), floatsOf(own, "mtp_logits")), 1e-6);
  EXPECT_NEAR(floatsOf(shared, "total_loss")[0], floatsOf(own, "total_loss")[0], 1e-6);

  std::vector<float> sum = floatsOf(own, "grad.lm_head.weight");
  for (const safetensors::Tensor &tensor : own.tensors()) {
    if (!tensor.name.starts_with("grad.") || tensor.name == "grad.lm_head.weight")
      continue;
    const std::vector<float> values = floatsOf(own, tensor.name);
    if (!isHead(tensor.name)) {
      EXPECT_LE(distance(floatsOf(shared, tensor.name), values), 1e-5) << tensor.name;
      continue;
    }
    EXPECT_EQ(shared.find(tensor.name), nullptr) << tensor.name;
    for (size_t i = 0; i < sum.size(); ++i)
      sum[i] += values[i];
  }
  EXPECT_LE(distance(floatsOf(shared, "grad.lm_head.weight"), sum), 1e-5);
}

/// A norm that only normalises in front of another one changes nothing; one with weights does.
TEST_F(GoldenMtp, postNormTakesTheHiddenStateBehindTheNorm) {
  const Arguments postNorm{"--set", "mtp_hidden=post_norm"};
  const fs::path plain = changedWeights([](const std::string &name, std::vector<float> &values) {
    if (name == "model.norm.weight" || name.ends_with("shared_head.norm.weight"))
      std::fill(values.begin(), values.end(), 0.0f);
  });
  auto logits = [&](const Arguments &options, const fs::path &weights) {
    return floatsOf(probe(compileMtp(options), weights, mtpCase), "mtp_logits");
  };
  EXPECT_LE(distance(logits(postNorm, plain), logits({}, plain)), 1e-4);
  EXPECT_GE(distance(logits(postNorm, goldenFile("")), logits({}, goldenFile(""))), 1e-2);
}

/// mtp_factor is what each depth counts in the total.
TEST_F(GoldenMtp, theFactorWeighsEachDepth) {
  safetensors::File probed = probeGolden(compileMtp({"--set", "mtp_factor=0.3"}), mtpCase);
  const std::vector<float> losses = floatsOf(probed, "mtp_losses");
  EXPECT_NEAR(floatsOf(probed, "total_loss")[0],
              floatsOf(probed, "main_loss")[0] + 0.3 * (losses[0] + losses[1]), 1e-5);
}

} // namespace
} // namespace step37::test
