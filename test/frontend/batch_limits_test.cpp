// Sizes that no plan can count are refused before anything is multiplied.
#include "frontend/config/BatchLimits.h"
#include "test/frontend/config_support.h"

namespace step37::test {

namespace {

std::string refusal(const nlohmann::json &config, int64_t microBatch, int64_t seqLen) {
  try {
    checkBatch(parse(config), "some.json", microBatch, seqLen);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

nlohmann::json longContext() {
  nlohmann::json config = tinyConfig();
  config["max_position_embeddings"] = config["max_seq_len"] = INT32_MAX;
  return config;
}

} // namespace

TEST(BatchLimits, AcceptsWhatFits) {
  EXPECT_EQ(refusal(tinyConfig(), 1, 1), "");
  EXPECT_EQ(refusal(tinyConfig(), 1, 4096), "");
  // 3 experts a token: the most slots there are.
  EXPECT_EQ(refusal(longContext(), 1, INT32_MAX / 3), "");
}

TEST(BatchLimits, RowsAreAsLongAsPositions) {
  EXPECT_EQ(refusal(tinyConfig(), 1, 4097),
            "some.json: max_position_embeddings: is 4096, less than --seq-len 4097");
}

TEST(BatchLimits, TokenSlotsAreCountedIn32Bits) {
  EXPECT_EQ(refusal(longContext(), 1, INT32_MAX / 3 + 1),
            "--micro-batch 1, --seq-len 715827883: more than 2147483647 token slots in a "
            "micro-batch, with 3 experts a token; choose less");
  EXPECT_NE(refusal(longContext(), INT64_MAX, 4096), "");
  EXPECT_NE(refusal(longContext(), INT64_MAX, INT32_MAX), "");
  nlohmann::json dense = longContext();
  dense["use_moe"] = false;
  EXPECT_EQ(refusal(dense, 1, INT32_MAX), "");
  EXPECT_NE(refusal(dense, 2, INT32_MAX), "");
}

TEST(BatchLimits, MatricesHaveIndexableRows) {
  nlohmann::json config = tinyConfig();
  config["intermediate_size"] = INT32_MAX / 2 + 1;
  EXPECT_TRUE(refusal(config, 1, 1).starts_with("some.json: intermediate_size: "));
  config = tinyConfig();
  config["num_attention_heads"] = 1 << 20;
  config["head_dim"] = 1 << 12;
  EXPECT_TRUE(refusal(config, 1, 1).starts_with("some.json: num_attention_heads: "));
}

TEST(BatchLimits, ActivationsStayWithin64Bits) {
  nlohmann::json config = longContext();
  config["intermediate_size"] = 1 << 28;
  EXPECT_EQ(refusal(config, 1, 1 << 16), "");
  EXPECT_EQ(refusal(config, 1, 1 << 24),
            "--micro-batch 1, --seq-len 16777216: more than 10^15 elements of activations; "
            "choose less");
}

} // namespace step37::test
