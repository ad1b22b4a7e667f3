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
  expectGoldenCurve(trainGolden(compileGolden(GetParam(), "f32"), 10));
}

} // namespace
} // namespace step37::test
