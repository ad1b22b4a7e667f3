// The table of tensors: both published models, every kind of name, single experts.
#include "bridge/TensorMap.h"
#include "frontend/config/StoredNames.h"
#include "test/bridge/conversion_support.h"

#include <set>

namespace step37::test {

TensorMap flash(const char *name) {
  return TensorMap(loadModelConfig(fs::path(STEP37_TEST_DATA) / "configs" / name).config);
}

/// Expects "<parameter> | <Megatron-Core name> | <sharding> | <packing>".
void expectEntry(const TensorMap &map, const std::string &published, const std::string &expected) {
  const int index = map.find(published);
  ASSERT_GE(index, 0) << published;
  const MappedTensor &tensor = map.tensors()[static_cast<size_t>(index)];
  EXPECT_EQ(tensor.parameter + " | " + tensor.megatron + " | " + std::string(name(tensor.sharing)) +
                " | " + std::string(name(tensor.place)),
            expected);
}

TEST(TensorMap, Step35Names) {
  const TensorMap map = flash("step35-flash.json");
  EXPECT_EQ(map.tensors().size(), 804u);
  expectEntry(map, "model.embed_tokens.weight",
              "model.embed_tokens.weight | embedding.word_embeddings.weight | vocabulary | ");
  expectEntry(map, "lm_head.weight", "lm_head.weight | output_layer.weight | vocabulary | ");
  expectEntry(map, "model.norm.weight",
              "model.norm.weight | decoder.final_layernorm.weight | replicated | ");
  expectEntry(map, "model.layers.3.self_attn.g_proj.weight",
              "model.layers.3.self_attn.qkvg_proj.weight | "
              "decoder.layers.3.self_attention.linear_qkv.weight | column | head gate");
  expectEntry(map, "model.layers.3.self_attn.o_proj.weight",
              "model.layers.3.self_attn.o_proj.weight | "
              "decoder.layers.3.self_attention.linear_proj.weight | row | ");
  expectEntry(map, "model.layers.3.post_attention_layernorm.weight",
              "model.layers.3.post_attention_layernorm.weight | "
              "decoder.layers.3.pre_mlp_layernorm.weight | replicated | ");
  expectEntry(map, "model.layers.2.post_attention_layernorm.weight",
              "model.layers.2.post_attention_layernorm.weight | "
              "decoder.layers.2.mlp.linear_fc1.layer_norm_weight | replicated | ");
  expectEntry(map, "model.layers.44.moe.up_proj.weight",
              "model.layers.44.moe.gate_up_proj.weight | "
              "decoder.layers.44.mlp.experts.linear_fc1.weight* | expert column | up");
  expectEntry(map, "model.layers.44.moe.down_proj.weight",
              "model.layers.44.moe.down_proj.weight | "
              "decoder.layers.44.mlp.experts.linear_fc2.weight* | expert row | ");
  expectEntry(map, "model.layers.44.moe.router_bias",
              "model.layers.44.moe.router_bias | decoder.layers.44.mlp.router.expert_bias | "
              "replicated | ");
  expectEntry(map, "model.layers.46.self_attn.o_proj.weight",
              "model.layers.46.self_attn.o_proj.weight | "
              "mtp.layers.1.mtp_model_layer.self_attention.linear_proj.weight | row | ");
  expectEntry(map, "model.layers.47.transformer.shared_head.output.weight",
              "model.layers.47.transformer.shared_head.output.weight | "
              "mtp.layers.2.output_layer.weight | vocabulary | ");
  EXPECT_EQ(map.find("model.layers.48.input_layernorm.weight"), -1);
}

TEST(TensorMap, Step37Names) {
  const TensorMap map = flash("step37-flash.json");
  EXPECT_EQ(map.tensors().size(), 1471u);
  expectEntry(map, "model.layers.0.mlp.gate_proj.weight",
              "model.layers.0.mlp.gate_up_proj.weight | "
              "language_model.decoder.layers.0.mlp.linear_fc1.weight | column | gate");
  expectEntry(map, "vision_model.conv1.weight",
              "vision_model.conv1.weight | vision_model.conv1.weight | replicated | ");
  expectEntry(map, "vit_large_projector.weight",
              "vit_large_projector.weight | image_insert_embedding.align_projector.weight | "
              "replicated | ");
}

TEST(TensorMap, EveryNameStandsForOneTensorOrPack) {
  const TensorMap map = flash("step37-flash.json");
  std::set<std::pair<std::string, PackPlace>> parameters, megatron;
  for (const MappedTensor &tensor : map.tensors()) {
    EXPECT_TRUE(parameters.insert({tensor.parameter, tensor.place}).second) << tensor.parameter;
    EXPECT_TRUE(megatron.insert({tensor.megatron, tensor.place}).second) << tensor.megatron;
  }
}

TEST(TensorMap, SingleExperts) {
  const std::string stacked = "model.layers.1.moe.gate_proj.weight";
  const std::string single = "model.layers.1.moe.experts.12.gate_proj.weight";
  EXPECT_EQ(expertTensorName(stacked, 12), single);
  const auto parsed = parseExpertName(single);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->stacked, stacked);
  EXPECT_EQ(parsed->expert, 12);
  for (const char *other : {"model.layers.1.moe.gate.weight", "model.layers.1.mlp.gate_proj.weight",
                            "model.layers.1.moe.experts.12.gate"})
    EXPECT_EQ(expertTensorName(other, 0), "") << other;
  for (const char *number : {"x", "", "-1", "07", "1x", "9223372036854775808"})
    EXPECT_FALSE(
        parseExpertName("model.layers.1.moe.experts." + std::string(number) + ".gate_proj.weight"))
        << number;
  EXPECT_FALSE(parseExpertName("model.layers.1.moe.experts.12.gate"));
  EXPECT_FALSE(parseExpertName(stacked));
}

TEST(TensorMap, OfAPlan) {
  plan::Plan plan;
  expectError([&] { tensorMapOf(plan, "a.plan"); }, {"a.plan: has no config.json"});
  plan.blobs = {{"config.json", "{}"}};
  expectError([&] { tensorMapOf(plan, "a.plan"); }, {"a.plan: config.json"});
  plan.blobs = {{"config.json", textOf(goldenDirectory() / "config.json")}};
  EXPECT_EQ(tensorMapOf(plan, "a.plan").tensors().size(), 166u);
}

} // namespace step37::test
