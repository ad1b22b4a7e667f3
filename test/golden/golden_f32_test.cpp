// Float32 against the golden values: logits, loss, gradients, ten optimizer steps. The tolerances
// are those that float32 against float32 can hold.
#include "test/golden/Golden.h"

namespace step37::test {
namespace {

class GoldenF32 : public GoldenModel, public testing::WithParamInterface<const char *> {};

/// Both spellings of the config.
INSTANTIATE_TEST_SUITE_P(Spelling, GoldenF32, testing::Values("config.json", "config_resaved.json"),
                         [](const auto &info) {
                           return info.param == std::string("config.json") ? "published"
                                                                           : "resaved";
                         });

TEST_P(GoldenF32, logitsLossAndGradients) {
  const fs::path input = goldenFile("text_case.safetensors");
  safetensors::File probed = probeGolden(compileGolden(GetParam(), "f32"), input, true);
  safetensors::File expected(input), gradients(goldenFile("text_grads.safetensors"));

  EXPECT_EQ(probed.at("logits").shape, (std::vector<int64_t>{rows, seqLen, vocab}));
  EXPECT_LE(distance(floatsOf(probed, "logits"), floatsOf(expected, "logits")), 1e-5);
  EXPECT_NEAR(floatsOf(probed, "loss")[0], floatsOf(expected, "loss")[0], 1e-5);

  expectGradients(probed, gradients, 2);
}

TEST_P(GoldenF32, tenAdamWSteps) {
  const auto curve = nlohmann::json::parse(fileText(goldenFile("train_curve.json")));
  safetensors::File textCase(goldenFile("text_case.safetensors"));
  const safetensors::Tensor &ids = textCase.at("input_ids");
  std::vector<int64_t> values(static_cast<size_t>(ids.elements()));
  ASSERT_EQ(ids.dtype, "I64");
  std::memcpy(values.data(), textCase.bytes(ids).data(), static_cast<size_t>(ids.bytes));
  // Without the mask. A file of two rows is too small to hold some out, so that a micro-batch of
  // two is all of it.
  TensorFile().add("input_ids", DType::i64, ids.shape, values).write(scratch / "ids.safetensors");

  auto option = [&](const char *name) { return curve[name].dump(); };
  const auto steps =
      train(compileGolden(GetParam(), "f32"),
            {"--weights",      goldenFile(""),
             "--data",         path("ids.safetensors"),
             "--steps",        "10",
             "--lr",           option("lr"),
             "--schedule",     "constant",
             "--warmup",       "0",
             "--weight-decay", option("weight_decay"),
             "--clip",         option("clip_grad_norm"),
             "--eps",          option("eps"),
             "--betas",        curve["betas"][0].dump() + "," + curve["betas"][1].dump()});
  ASSERT_EQ(steps.size(), curve["steps"].size());
  for (size_t i = 0; i < steps.size(); ++i) {
    const double loss = curve["steps"][i]["loss"], norm = curve["steps"][i]["grad_norm"];
    EXPECT_NEAR(steps[i].loss, loss, 2e-3) << "step " << i + 1;
    EXPECT_NEAR(steps[i].gradNorm, norm, 2e-3 * norm) << "step " << i + 1;
  }
}

} // namespace
} // namespace step37::test
