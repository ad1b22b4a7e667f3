// Configs that are accepted: published values, both spellings, defaults.
#include "test/frontend/config_support.h"

#include <functional>

namespace step37::test {

using nlohmann::json;

TEST(Config, ReadsStep35Flash) {
  LoadedConfig loaded = loadModelConfig(dataDirectory() / "configs/step35-flash.json");
  const ModelConfig &config = loaded.config;
  EXPECT_EQ(config.model_type, "step3p5");
  EXPECT_EQ(config.type, DType::bf16);
  EXPECT_EQ(config.hidden, 4096);
  EXPECT_EQ(config.intermediate, 11264);
  EXPECT_EQ(config.vocab, 128896);
  EXPECT_EQ(config.max_positions, 262144);
  EXPECT_EQ(config.rms_norm_eps, 1e-5);
  EXPECT_EQ(config.experts, 288);
  EXPECT_EQ(config.top_k, 8);
  EXPECT_EQ(config.moe_intermediate, 1280);
  EXPECT_EQ(config.shared_intermediate, 1280);
  EXPECT_EQ(config.router_scale, 3.0);
  EXPECT_TRUE(config.router_bias && config.norm_expert_weight && !config.router_softmax);
  EXPECT_EQ(config.eos_tokens, (std::vector<int64_t>{1, 2, 128007}));
  EXPECT_FALSE(config.vision);
  ASSERT_EQ(config.layers.size(), 45u);
  ASSERT_EQ(config.mtp_layers.size(), 3u);
  for (int i = 0; i < 48; ++i) {
    const LayerConfig &layer = i < 45 ? config.layers[i] : config.mtp_layers[i - 45];
    const bool full = i % 4 == 0;
    EXPECT_EQ(layer.sliding, !full) << i;
    EXPECT_EQ(layer.heads, full ? 64 : 96) << i;
    EXPECT_EQ(layer.groups, 8) << i;
    EXPECT_EQ(layer.head_dim, 128) << i;
    EXPECT_EQ(layer.window, full ? 0 : 512) << i;
    EXPECT_EQ(layer.rotary_dim, full ? 64 : 128) << i;
    EXPECT_EQ(layer.rope_theta, full ? 5e6 : 1e4) << i;
    EXPECT_EQ(layer.rope_scaling.has_value(), full) << i;
    EXPECT_EQ(layer.moe, i >= 3 && i < 45) << i;
    EXPECT_EQ(layer.swiglu_limit, i == 43 || i == 44 ? 7.0 : 0.0) << i;
    EXPECT_EQ(layer.swiglu_limit_shared, i == 44 ? 16.0 : 0.0) << i;
  }
  EXPECT_EQ(config.layers[44].rope_scaling, (RopeScaling{2.0, 1.0, 32.0, 131072}));
}

TEST(Config, ReadsStep37Flash) {
  ModelConfig config = loadModelConfig(dataDirectory() / "configs/step37-flash.json").config;
  EXPECT_EQ(config.model_type, "step3p7");
  EXPECT_EQ(config.image_token, 128001);
  ASSERT_TRUE(config.vision);
  EXPECT_EQ(config.vision->width, 1536);
  EXPECT_EQ(config.vision->layers, 47);
  EXPECT_EQ(config.vision->heads, 16);
  EXPECT_EQ(config.vision->mlp_width, 8960);
  EXPECT_EQ(config.vision->image_size, 728);
  EXPECT_EQ(config.vision->layer_scale_init, 0.1);
  EXPECT_FALSE(config.vision->use_cls_token);
  EXPECT_FALSE(config.projector_bias);
  // The text part is Step-3.5-Flash's.
  ModelConfig text = loadModelConfig(dataDirectory() / "configs/step35-flash.json").config;
  EXPECT_EQ(config.layers, text.layers);
  EXPECT_EQ(config.mtp_layers, text.mtp_layers);
}

TEST(Config, ReadsADirectory) {
  LoadedConfig loaded = loadModelConfig(dataDirectory() / "step37-tiny");
  EXPECT_TRUE(loaded.origin.ends_with("step37-tiny/config.json"));
  EXPECT_EQ(loaded.config, parse(readConfig("step37-tiny/config.json")));
}

TEST(Config, BothSpellingsGiveTheSameModel) {
  const ModelConfig published = parse(readConfig("step37-tiny/config.json"));
  EXPECT_EQ(published, parse(readConfig("step37-tiny/config_resaved.json")));
  EXPECT_EQ(published.type, DType::f32);
  EXPECT_EQ(published.layers[4].rope_scaling, (RopeScaling{2.0, 1.0, 32.0, 64}));
  EXPECT_EQ(published.mtp_layers.size(), 2u);
  EXPECT_EQ(published.mtp_layers[1].heads, 6);
  EXPECT_EQ(published.vision->mlp_width, 80);
}

TEST(Config, BothSpellingsAtOnceGiveTheSameModel) {
  json config = readConfig("step37-tiny/config.json");
  config.merge_patch(readConfig("step37-tiny/config_resaved.json"));
  EXPECT_EQ(parse(config), parse(readConfig("step37-tiny/config.json")));
}

struct Variant {
  const char *name;
  std::function<void(json &)> change;
};

/// Other ways to write the tiny config that mean the same.
TEST(Config, EquivalentWaysToWrite) {
  const Variant variants[] = {
      {"moe enum as list", [](json &c) { c["moe_layers_enum"] = {2, 3, 4, 5}; }},
      {"moe enum with blanks", [](json &c) { c["moe_layers_enum"] = " 2, 3 ,4,5,"; }},
      {"moe by offset",
       [](json &c) {
         c.erase("moe_layers_enum");
         c["moe_layer_offset"] = 2;
       }},
      {"moe by offset and step",
       [](json &c) {
         c.erase("moe_layers_enum");
         c["moe_layer_offset"] = 2;
         c["moe_every_n_layer"] = 1;
       }},
      {"padded mlp_layer_types",
       [](json &c) {
         c.erase("moe_layers_enum");
         c["mlp_layer_types"] = {"dense",  "dense",  "sparse", "sparse",
                                 "sparse", "sparse", "dense",  "dense"};
       }},
      {"plural of share_expert_dim",
       [](json &c) {
         c["share_expert_dims"] = c["share_expert_dim"];
         c.erase("share_expert_dim");
       }},
      {"lists without the MTP entries",
       [](json &c) {
         for (const char *name : {"layer_types", "rope_theta", "partial_rotary_factors",
                                  "swiglu_limits", "swiglu_limits_shared"})
           c[name].erase(c[name].begin() + 6, c[name].end());
       }},
      {"some lists without the MTP entries",
       [](json &c) {
         c["layer_types"].erase(c["layer_types"].begin() + 6, c["layer_types"].end());
       }},
      {"null for no clamp",
       [](json &c) {
         for (const char *name : {"swiglu_limits", "swiglu_limits_shared"})
           for (json &limit : c[name])
             if (limit == 0.0)
               limit = nullptr;
       }},
      {"null for a missing field", [](json &c) { c["use_rope_layers"] = nullptr; }},
      {"integral floats", [](json &c) { c["hidden_size"] = 64.0; }},
      {"rope_scaling as rope_parameters",
       [](json &c) {
         c["rope_parameters"] = c["rope_scaling"];
         c.erase("rope_scaling");
       }},
      {"old name of rope_type",
       [](json &c) {
         c["rope_scaling"]["type"] = "llama3";
         c["rope_scaling"].erase("rope_type");
       }},
      {"scaled types by default", [](json &c) { c.erase("yarn_only_types"); }},
      {"all layers rotate", [](json &c) { c["use_rope_layers"] = json::array(); }},
      {"rope flags", [](json &c) { c["use_rope_layers"] = {1, true, 1, 1, true, 1}; }},
      {"defaults",
       [](json &c) {
         for (const char *name :
              {"rms_norm_eps", "zero_centered", "tie_word_embeddings", "use_qk_norm",
               "use_head_wise_attn_gate", "moe_router_activation", "use_moe_router_bias",
               "need_fp32_gate", "norm_expert_weight", "att_impl_type", "max_position_embeddings"})
           c.erase(name);
       }},
      {"unknown fields", [](json &c) { c["field_of_the_future"] = {{"a", {1, 2}}}; }},
  };
  const ModelConfig expected = parse(tinyConfig());
  for (const Variant &variant : variants) {
    json config = tinyConfig();
    variant.change(config);
    EXPECT_EQ(parse(config), expected) << variant.name;
  }
}

TEST(Config, ModelTypes) {
  json config = readConfig("step37-tiny/config.json");
  const ModelConfig expected = parse(config);
  config["model_type"] = "step3p5v";
  EXPECT_EQ(parse(config), expected);
  config.erase("model_type");
  EXPECT_EQ(parse(config), expected);
  json text = tinyConfig();
  text.erase("model_type");
  EXPECT_EQ(parse(text).model_type, "step3p5");
}

TEST(Config, TopLevelScalingCountsForTheText) {
  json config = readConfig("step37-tiny/config.json");
  const ModelConfig expected = parse(config);
  config["rope_scaling"] = config["text_config"]["rope_scaling"];
  EXPECT_EQ(parse(config), expected);
  config["text_config"].erase("rope_scaling");
  EXPECT_EQ(parse(config), expected);
}

TEST(Config, ScalarRopeHoldsForAllLayers) {
  json config = tinyConfig();
  config["rope_theta"] = 20000;
  config["partial_rotary_factors"] = 0.5;
  const ModelConfig parsed = parse(config);
  for (const std::vector<LayerConfig> *layers : {&parsed.layers, &parsed.mtp_layers})
    for (const LayerConfig &layer : *layers) {
      EXPECT_EQ(layer.rope_theta, 20000);
      EXPECT_EQ(layer.rotary_dim, 8);
    }
}

TEST(Config, RopeDefaults) {
  json config = tinyConfig();
  for (const char *name : {"rope_theta", "partial_rotary_factors", "rope_scaling"})
    config.erase(name);
  for (const LayerConfig &layer : parse(config).layers) {
    EXPECT_EQ(layer.rope_theta, 10000);
    EXPECT_EQ(layer.rotary_dim, 16);
    EXPECT_FALSE(layer.rope_scaling);
  }
}

TEST(Config, ScalingOnTheTypesThatItNames) {
  json config = tinyConfig();
  config["yarn_only_types"] = {"sliding_attention"};
  const ModelConfig parsed = parse(config);
  EXPECT_FALSE(parsed.layers[0].rope_scaling);
  EXPECT_TRUE(parsed.layers[1].rope_scaling);
  config["rope_scaling"] = {{"rope_type", "default"}};
  EXPECT_FALSE(parse(config).layers[1].rope_scaling);
}

TEST(Config, MtpDefaults) {
  json config = tinyConfig();
  for (const char *name : {"layer_types", "rope_theta", "partial_rotary_factors", "swiglu_limits",
                           "swiglu_limits_shared"})
    config[name].erase(config[name].begin() + 6, config[name].end());
  config["rope_theta"][1] = 77;
  for (const LayerConfig &layer : parse(config).mtp_layers) {
    EXPECT_TRUE(layer.sliding);
    EXPECT_EQ(layer.rope_theta, 10000);
    EXPECT_EQ(layer.rotary_dim, 16);
    EXPECT_EQ(layer.swiglu_limit_shared, 0);
    EXPECT_FALSE(layer.moe);
  }
  config["mtp_layer_types"] = {"full_attention", "sliding_attention"};
  const ModelConfig parsed = parse(config);
  EXPECT_FALSE(parsed.mtp_layers[0].sliding);
  EXPECT_EQ(parsed.mtp_layers[0].heads, 4);
  EXPECT_TRUE(parsed.mtp_layers[1].sliding);
}

TEST(Config, RotationSwitchedOffByLayer) {
  json config = tinyConfig();
  config["use_rope_layers"] = {false, true, true, true, true, true};
  const ModelConfig parsed = parse(config);
  EXPECT_FALSE(parsed.layers[0].use_rope);
  EXPECT_TRUE(parsed.layers[1].use_rope);
  EXPECT_TRUE(parsed.mtp_layers[0].use_rope);
}

TEST(Config, HeadsOfSingleLayers) {
  json config = tinyConfig();
  config["per_layer_config"] = {{"0", {{"num_attention_heads", 8}}},
                                {"4", {{"num_key_value_heads", 1}, {"head_dim", 32}}}};
  const ModelConfig parsed = parse(config);
  EXPECT_EQ(parsed.layers[0].heads, 8);
  EXPECT_EQ(parsed.layers[0].groups, 2);
  EXPECT_EQ(parsed.layers[4].heads, 4);
  EXPECT_EQ(parsed.layers[4].groups, 1);
  EXPECT_EQ(parsed.layers[4].rotary_dim, 16);
}

TEST(Config, OtherSettingMayNameFullAttention) {
  json config = tinyConfig();
  config["attention_other_setting"]["attention_type"] = "full_attention";
  const ModelConfig parsed = parse(config);
  EXPECT_EQ(parsed.layers[0].heads, 6);
  EXPECT_EQ(parsed.layers[1].heads, 4);
}

TEST(Config, DenseModels) {
  json config = tinyConfig();
  config["use_moe"] = false;
  EXPECT_FALSE(parse(config).has_moe);
  config.erase("use_moe");
  for (const char *name : {"moe_layers_enum", "moe_num_experts", "moe_top_k",
                           "moe_intermediate_size", "share_expert_dim"})
    config.erase(name);
  const ModelConfig parsed = parse(config);
  EXPECT_FALSE(parsed.has_moe);
  EXPECT_EQ(parsed.experts, 0);
}

TEST(Config, MoeLayersByDefault) {
  json config = tinyConfig();
  config.erase("moe_layers_enum");
  const ModelConfig parsed = parse(config);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(parsed.layers[i].moe, i >= 3) << i;
  config["moe_every_n_layer"] = 2;
  const ModelConfig stepped = parse(config);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(stepped.layers[i].moe, i % 2 == 0) << i;
}

TEST(Config, VisionAliasesAndDefaults) {
  json config = readConfig("step37-tiny/config.json");
  json &vision = config["vision_config"];
  vision.erase("use_cls_token");
  vision["ues_cls_token"] = true;
  EXPECT_TRUE(parse(config).vision->use_cls_token);
  config["vision_config"] = json::object();
  const ModelConfig flash = parse(readConfig("configs/step37-flash.json"));
  EXPECT_EQ(parse(config).vision, flash.vision);
  config.erase("vision_config");
  EXPECT_FALSE(parse(config).vision);
}

TEST(Config, ElementTypes) {
  json config = tinyConfig();
  config["torch_dtype"] = "float16";
  EXPECT_EQ(parse(config).type, DType::f16);
  config.erase("torch_dtype");
  EXPECT_EQ(parse(config).type, DType::bf16);
  config["dtype"] = "float32";
  EXPECT_EQ(parse(config).type, DType::f32);
}

} // namespace step37::test
