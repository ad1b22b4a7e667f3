// A config's canonical text: it reads back as the same model, and is the same for every spelling.
#include "frontend/config/CanonicalConfig.h"
#include "test/frontend/config_support.h"

#include <functional>

namespace step37::test {

using nlohmann::json;

namespace {

/// The canonical text of a config, which must read back as the same model and be its own canonical
/// text.
std::string canonicalOf(const json &config) {
  const ModelConfig model = parse(config);
  const std::string text = canonicalConfig(model);
  const ModelConfig again = parseModelConfig(text, "canonical");
  EXPECT_EQ(again, model) << text;
  EXPECT_EQ(canonicalConfig(again), text);
  return text;
}

/// The tiny text config with something changed.
std::string canonicalWith(const std::function<void(json &)> &change) {
  json config = tinyConfig();
  change(config);
  return canonicalOf(config);
}

} // namespace

TEST(CanonicalConfig, ReadsBackForAllSamples) {
  for (const char *name :
       {"configs/step35-flash.json", "configs/step35-slice.json", "configs/step37-flash.json",
        "configs/step37-slice.json", "step37-tiny/config.json", "step37-tiny/config_resaved.json"})
    canonicalOf(readConfig(name));
}

TEST(CanonicalConfig, IsTheSameForBothSpellings) {
  EXPECT_EQ(canonicalOf(readConfig("step37-tiny/config.json")),
            canonicalOf(readConfig("step37-tiny/config_resaved.json")));
  EXPECT_EQ(canonicalOf(tinyConfig()), canonicalOf(tinyResaved()));
}

TEST(CanonicalConfig, DoesNotDependOnHowAFieldIsWritten) {
  const std::string text = canonicalOf(tinyConfig());
  const auto same = [&](const std::function<void(json &)> &change) {
    EXPECT_EQ(canonicalWith(change), text);
  };
  same([](json &c) { c["moe_layers_enum"] = {5, 4, 3, 2}; });
  same([](json &c) { c["layer_types"].erase(6), c["layer_types"].erase(6); });
  same([](json &c) { c["swiglu_limits"].erase(6), c["swiglu_limits"].erase(6); });
  same([](json &c) { c["hidden_size"] = 64.0; });
  same([](json &c) { c["unknown_field"] = "x"; });
  same([](json &c) {
    c["dtype"] = c["torch_dtype"];
    c.erase("torch_dtype");
  });
  EXPECT_NE(canonicalWith([](json &c) { c["rms_norm_eps"] = 1e-6; }), text);
  EXPECT_NE(canonicalWith([](json &c) { c["pad_token_id"] = 7; }), text);
}

TEST(CanonicalConfig, ScalarAndListsAreTheSame) {
  const auto with = [](const json &theta, const json &factor) {
    return canonicalWith([&](json &c) {
      c["rope_theta"] = theta;
      c["partial_rotary_factors"] = factor;
    });
  };
  EXPECT_EQ(with(20000, 0.5), with(json(8, 20000.0), json(8, 0.5)));
  EXPECT_NE(with(20000, 0.5), with(20001, 0.5));
}

TEST(CanonicalConfig, HasThePublishedFields) {
  const json text = json::parse(canonicalOf(readConfig("configs/step37-flash.json")));
  const json published = readConfig("configs/step37-flash.json");
  // All that the published one says, but for what describes the preparation of images, and for
  // fields that moe_layers_enum overrules.
  for (const char *field : {"architectures", "model_type", "image_token_id",
                            "understand_projector_stride", "projector_bias"})
    EXPECT_EQ(text.at(field), published.at(field)) << field;
  for (const char *part : {"text_config", "vision_config"})
    for (const auto &[field, value] : published[part].items()) {
      if (field != "moe_layer_offset" && field != "moe_every_n_layer") {
        EXPECT_EQ(text[part].value(field, json("missing")), value) << field;
      }
    }
}

TEST(CanonicalConfig, ReadsBackWhereLayersDiffer) {
  canonicalWith([](json &c) { c.erase("attention_other_setting"); });
  canonicalWith([](json &c) { c["attention_other_setting"]["attention_type"] = "full_attention"; });
  canonicalWith([](json &c) {
    c["attention_other_setting"]["head_dim"] = c["attention_other_setting"]["true_head_dim"] = 32;
  });
  canonicalWith([](json &c) { c["per_layer_config"]["0"]["head_dim"] = 32; });
  canonicalWith([](json &c) { c["per_layer_config"]["1"]["num_key_value_heads"] = 3; });
  canonicalWith([](json &c) {
    c.erase("attention_other_setting");
    c["per_layer_config"]["1"]["num_attention_heads"] = 2;
    c["per_layer_config"]["6"]["num_attention_heads"] = 8;
  });
  canonicalWith([](json &c) { c["use_rope_layers"] = {1, 0, 1, 1, 1, 1}; });
  for (const char *type : {"full_attention", "sliding_attention"})
    canonicalWith([&](json &c) { c["layer_types"] = json(8, type); });
  canonicalWith([](json &c) {
    c["layer_types"] = json(6, "full_attention");
    c["num_nextn_predict_layers"] = 0;
    for (const char *list :
         {"rope_theta", "partial_rotary_factors", "swiglu_limits", "swiglu_limits_shared"})
      c[list].erase(6), c[list].erase(6);
  });
}

TEST(CanonicalConfig, ReadsBackWithAnyRopeScaling) {
  canonicalWith([](json &c) { c.erase("rope_scaling"); });
  canonicalWith([](json &c) { c["yarn_only_types"] = {"sliding_attention"}; });
  canonicalWith([](json &c) { c["yarn_only_types"] = {"full_attention", "sliding_attention"}; });
  canonicalWith([](json &c) {
    const json scaling = c["rope_scaling"];
    c.erase("rope_scaling");
    c["rope_parameters"] = {{"full_attention", scaling}, {"sliding_attention", scaling}};
    c["rope_parameters"]["sliding_attention"]["factor"] = 3.5;
  });
}

TEST(CanonicalConfig, ReadsBackWithoutExpertsOrWithOthers) {
  canonicalWith([](json &c) { c["use_moe"] = false; });
  canonicalWith([](json &c) { c["moe_layers_enum"] = ""; });
  canonicalWith([](json &c) {
    c["share_expert_dim"] = 0;
    c["use_moe_router_bias"] = c["norm_expert_weight"] = false;
    c["moe_router_activation"] = "softmax";
    c["moe_router_scaling_factor"] = 0.1;
  });
}

TEST(CanonicalConfig, ReadsBackWithAnyNumbers) {
  // Every factor n/head_dim, which rounding may put just below n.
  for (int dim = 2; dim <= 128; dim += 2)
    for (int rotated = 0; rotated <= dim; rotated += 2)
      canonicalWith([&](json &c) {
        c.erase("attention_other_setting");
        c["head_dim"] = dim;
        c["partial_rotary_factors"] = (rotated + 0.5) / dim <= 1 ? (rotated + 0.5) / dim : 1;
      });
  canonicalWith([](json &c) {
    c["rope_theta"] = 12345.678901234567;
    c["rms_norm_eps"] = 1.0000000000000002e-6;
  });
  canonicalWith([](json &c) {
    for (const char *token : {"bos_token_id", "eos_token_id", "pad_token_id"})
      c.erase(token);
  });
  canonicalWith([](json &c) { c["eos_token_id"] = 3, c["pad_token_id"] = -1; });
  for (const char *type : {"bfloat16", "float32", "float16"})
    canonicalWith([&](json &c) { c["torch_dtype"] = type; });
  json vision = readConfig("step37-tiny/config.json");
  for (int width = 1; width < 400; width += 7) {
    vision["vision_config"].erase("mlp_ratio");
    vision["vision_config"]["intermediate_size"] = width;
    canonicalOf(vision);
  }
  vision.erase("vision_config");
  canonicalOf(vision);
}

} // namespace step37::test
