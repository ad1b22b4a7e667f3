// Configs that are refused, each with a message that names the file and the field.
#include "test/frontend/config_support.h"

namespace step37::test {

using nlohmann::json;

TEST(ConfigRefused, NotJson) {
  EXPECT_TRUE(errorOf("").starts_with("some.json: "));
  EXPECT_TRUE(errorOf("{\"a\": }").starts_with("some.json: "));
  EXPECT_TRUE(errorOf("hidden_size: 64").starts_with("some.json: "));
  EXPECT_TRUE(errorOf(tinyConfig().dump() + "x").starts_with("some.json: "));
  EXPECT_TRUE(errorOf("[1, 2]").starts_with("some.json: "));
  EXPECT_TRUE(errorOf("{\"hidden_size\": \"\xff\"}").starts_with("some.json: "));
}

TEST(ConfigRefused, DuplicateKey) {
  const std::string message = errorOf(R"({"hidden_size": 64, "hidden_size": 64})");
  EXPECT_NE(message.find("hidden_size"), std::string::npos) << message;
}

TEST(ConfigRefused, DeepNesting) {
  const std::string open(200000, '['), close(200000, ']');
  EXPECT_TRUE(errorOf("{\"a\":" + open + close + "}").starts_with("some.json: "));
  EXPECT_TRUE(errorOf(open).starts_with("some.json: "));
}

TEST(ConfigRefused, MissingFile) {
  try {
    loadModelConfig(dataDirectory() / "nothing-here.json");
    FAIL();
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what()).find("nothing-here.json"), std::string::npos);
  }
  EXPECT_THROW(loadModelConfig(dataDirectory()), Error); // a directory without config.json
}

TEST(ConfigRefused, MissingFields) {
  for (const char *name :
       {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_attention_groups", "head_dim", "vocab_size", "layer_types", "moe_num_experts",
        "moe_top_k", "moe_intermediate_size"}) {
    json config = tinyConfig();
    config.erase(name);
    expectRefused(config, name, "missing");
    config = readConfig("step37-tiny/config.json");
    config["text_config"][name] = nullptr;
    expectRefused(config, std::string("text_config.") + name, "missing");
  }
  json config = readConfig("step37-tiny/config.json");
  config.erase("text_config");
  expectRefused(config, "text_config", "missing");
}

struct Refusal {
  const char *field; // that the message names
  const char *path;  // JSON pointer of what is changed
  json value;
};

void expectAllRefused(const json &base, const std::vector<Refusal> &refusals) {
  for (const Refusal &refusal : refusals) {
    json config = base;
    config[json::json_pointer(refusal.path)] = refusal.value;
    SCOPED_TRACE(refusal.path + std::string(" = ") + refusal.value.dump());
    expectRefused(config, refusal.field);
  }
}

TEST(ConfigRefused, WrongJsonTypes) {
  expectAllRefused(tinyConfig(), {{"hidden_size", "/hidden_size", "64"},
                                  {"hidden_size", "/hidden_size", true},
                                  {"hidden_size", "/hidden_size", json::array({64})},
                                  {"hidden_size", "/hidden_size", 64.5},
                                  {"vocab_size", "/vocab_size", json::object()},
                                  {"layer_types", "/layer_types", "full_attention"},
                                  {"layer_types[1]", "/layer_types/1", 3},
                                  {"layer_types[1]", "/layer_types/1", nullptr},
                                  {"rope_theta", "/rope_theta", "10000"},
                                  {"rope_theta[2]", "/rope_theta/2", nullptr},
                                  {"rope_scaling", "/rope_scaling", 2.0},
                                  {"use_qk_norm", "/use_qk_norm", 1},
                                  {"zero_centered", "/zero_centered", "yes"},
                                  {"swiglu_limits[0]", "/swiglu_limits/0", "7"},
                                  {"attention_other_setting", "/attention_other_setting", 6},
                                  {"per_layer_config", "/per_layer_config", 6},
                                  {"model_type", "/model_type", 35},
                                  {"torch_dtype", "/torch_dtype", 16},
                                  {"eos_token_id", "/eos_token_id", "</s>"},
                                  {"moe_layers_enum", "/moe_layers_enum", json::object()}});
}

TEST(ConfigRefused, SizesOutOfRange) {
  std::vector<Refusal> refusals;
  for (const char *name :
       {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_attention_groups", "head_dim", "vocab_size", "moe_num_experts", "moe_top_k",
        "moe_intermediate_size", "sliding_window", "max_position_embeddings"})
    for (const json &value :
         {json(0), json(-1), json(-0.0), json(4294967296), json(18446744073709551615u),
          json(9223372036854775807), json(1e300)}) {
      json config = tinyConfig();
      config[name] = value;
      SCOPED_TRACE(std::string(name) + " = " + value.dump());
      expectRefused(config, name, "must be an integer");
    }
  json config = tinyConfig();
  config["num_hidden_layers"] = 4097;
  expectRefused(config, "num_hidden_layers", "4096");
  EXPECT_TRUE(errorOf(R"({"hidden_size": 1e400})").starts_with("some.json: "));
}

TEST(ConfigRefused, TotalSizeBeyondReason) {
  json config = tinyConfig();
  config["hidden_size"] = INT32_MAX;
  config["vocab_size"] = INT32_MAX;
  const std::string message = errorOf(config.dump());
  EXPECT_NE(message.find("parameters"), std::string::npos) << message;
}

TEST(ConfigRefused, ListLengths) {
  for (const char *name : {"layer_types", "rope_theta", "partial_rotary_factors", "swiglu_limits",
                           "swiglu_limits_shared"})
    for (size_t length : {0, 5, 7, 9}) {
      json config = tinyConfig();
      config[name] = json(length, config[name][1]);
      SCOPED_TRACE(length);
      expectRefused(config, name, "must have 6 (num_hidden_layers) or 8");
    }
  json config = tinyConfig();
  config["use_rope_layers"] = {true, false};
  expectRefused(config, "use_rope_layers", "has 2 entries");
  config = tinyResaved();
  config["mlp_layer_types"].erase(0);
  expectRefused(config, "mlp_layer_types", "has 5 entries");
  config = tinyResaved();
  config["mtp_layer_types"].erase(0);
  expectRefused(config, "mtp_layer_types", "must have 2 (num_nextn_predict_layers)");
  config = tinyResaved();
  config["num_nextn_predict_layers"] = 0;
  expectRefused(config, "mtp_layer_types");
}

TEST(ConfigRefused, UnknownValues) {
  expectAllRefused(
      tinyConfig(),
      {{"model_type", "/model_type", "llama"},
       {"layer_types[2]", "/layer_types/2", "linear_attention"},
       {"torch_dtype", "/torch_dtype", "int8"},
       {"moe_router_activation", "/moe_router_activation", "tanh"},
       {"hidden_act", "/hidden_act", "gelu"},
       {"att_impl_type", "/att_impl_type", "MFA"},
       {"rope_scaling.rope_type", "/rope_scaling/rope_type", "yarn"},
       {"yarn_only_types[0]", "/yarn_only_types/0", "full"},
       {"attention_other_setting.attention_type", "/attention_other_setting/attention_type",
        "other"},
       {"per_layer_config.1.sliding_window", "/per_layer_config", {{"1", {{"sliding_window", 4}}}}},
       {"per_layer_config.9", "/per_layer_config", {{"9", json::object()}}},
       {"per_layer_config.x", "/per_layer_config", {{"x", json::object()}}}});
  json config = readConfig("step37-tiny/config.json");
  config["text_config"]["model_type"] = "llama";
  expectRefused(config, "text_config.model_type", "step3p5");
}

TEST(ConfigRefused, ImpossibleValues) {
  expectAllRefused(tinyConfig(),
                   {{"num_attention_heads", "/num_attention_heads", 5},
                    {"num_attention_heads", "/attention_other_setting/num_attention_heads", 7},
                    {"moe_top_k", "/moe_top_k", 9},
                    {"moe_layers_enum", "/moe_layers_enum", "2,6"},
                    {"moe_layers_enum", "/moe_layers_enum", "2,-1"},
                    {"moe_layers_enum", "/moe_layers_enum", "2;3"},
                    {"moe_layers_enum", "/moe_layers_enum", "2,three"},
                    {"moe_layers_enum", "/moe_layers_enum", "99999999999999999999"},
                    {"moe_layers_enum", "/moe_layers_enum", 6},
                    {"moe_layers_enum[1]", "/moe_layers_enum", json::array({2, 6})},
                    {"head_dim", "/head_dim", 15},
                    {"partial_rotary_factors", "/partial_rotary_factors/0", 0.07},
                    {"partial_rotary_factors[0]", "/partial_rotary_factors/0", 1.5},
                    {"partial_rotary_factors[0]", "/partial_rotary_factors/0", -0.5},
                    {"rope_theta[0]", "/rope_theta/0", 0},
                    {"rope_theta[0]", "/rope_theta/0", -1e4},
                    {"rope_scaling.factor", "/rope_scaling/factor", 0},
                    {"rope_scaling.factor", "/rope_scaling/factor", nullptr},
                    {"rope_scaling.high_freq_factor", "/rope_scaling/high_freq_factor", 0.5},
                    {"rope_scaling.original_max_position_embeddings",
                     "/rope_scaling/original_max_position_embeddings", 0},
                    {"rope_scaling.rope_type", "/rope_scaling/rope_type", nullptr},
                    {"rms_norm_eps", "/rms_norm_eps", -1e-5},
                    {"swiglu_limits[0]", "/swiglu_limits/0", -7},
                    {"moe_router_scaling_factor", "/moe_router_scaling_factor", 0},
                    {"share_expert_dim", "/share_expert_dim", -1},
                    {"use_rope_layers[0]", "/use_rope_layers", json::array({2, 1, 1, 1, 1, 1})}});
}

TEST(ConfigRefused, UnsupportedFeatures) {
  expectAllRefused(tinyConfig(), {{"sink", "/sink", true},
                                  {"attention_bias", "/attention_bias", true},
                                  {"mlp_bias", "/mlp_bias", true},
                                  {"tie_word_embeddings", "/tie_word_embeddings", true},
                                  {"attention_dropout", "/attention_dropout", 0.1},
                                  {"query_pre_attn_scalar", "/query_pre_attn_scalar", 32}});
  expectAllRefused(tinyResaved(), {{"mtp_mlp_layer_types[1]", "/mtp_mlp_layer_types/1", "sparse"}});
  json config = readConfig("step37-tiny/config.json");
  config["tie_word_embeddings"] = true;
  expectRefused(config, "tie_word_embeddings");
}

TEST(ConfigRefused, ContradictingSpellings) {
  expectAllRefused(
      tinyConfig(),
      {{"num_key_value_heads", "/num_key_value_heads", 4},
       {"n_routed_experts", "/n_routed_experts", 16},
       {"num_experts_per_tok", "/num_experts_per_tok", 2},
       {"share_expert_dims", "/share_expert_dims", 24},
       {"dtype", "/dtype", "bfloat16"},
       {"num_sliding_attention_heads", "/num_sliding_attention_heads", 4},
       {"per_layer_config.1.num_attention_heads",
        "/per_layer_config",
        {{"1", {{"num_attention_heads", 4}}}}},
       {"mlp_layer_types",
        "/mlp_layer_types",
        {"dense", "sparse", "sparse", "sparse", "sparse", "sparse"}},
       {"mtp_layer_types[0]", "/mtp_layer_types", {"full_attention", "sliding_attention"}},
       {"rope_parameters.full_attention.rope_theta",
        "/rope_parameters",
        {{"full_attention", {{"rope_theta", 1e4}}}, {"sliding_attention", json::object()}}},
       {"rope_parameters.sliding_attention.partial_rotary_factor",
        "/rope_parameters",
        {{"full_attention", json::object()},
         {"sliding_attention", {{"partial_rotary_factor", 0.5}}}}},
       {"rope_parameters.full_attention.rope_type",
        "/rope_parameters",
        {{"full_attention", {{"rope_type", "default"}}}, {"sliding_attention", json::object()}}}});
  json config = readConfig("step37-tiny/config.json");
  config["rope_scaling"] = config["text_config"]["rope_scaling"];
  config["rope_scaling"]["factor"] = 4;
  expectRefused(config, "rope_scaling.rope_type", "contradicts text_config.rope_scaling.rope_type");
}

TEST(ConfigRefused, RopeParametersWithoutALayerType) {
  json config = tinyResaved();
  config["rope_parameters"].erase("sliding_attention");
  expectRefused(config, "rope_parameters.sliding_attention", "missing");
}

TEST(ConfigRefused, Vision) {
  expectAllRefused(readConfig("step37-tiny/config.json"),
                   {{"vision_config", "/vision_config", 3},
                    {"vision_config.width", "/vision_config/width", 0},
                    {"vision_config.width", "/vision_config/width", 30},
                    {"vision_config.width", "/vision_config/heads", 16},
                    {"vision_config.hidden_size", "/vision_config/hidden_size", 64},
                    {"vision_config.image_size", "/vision_config/image_size", 113},
                    {"vision_config.mlp_ratio", "/vision_config/mlp_ratio", 1e30},
                    {"vision_config.intermediate_size", "/vision_config/intermediate_size", 81},
                    {"vision_config.layers", "/vision_config/layers", 100000},
                    {"vision_config.hidden_act", "/vision_config/hidden_act", "gelu"},
                    {"vision_config.output_dim", "/vision_config/output_dim", 64},
                    {"vision_config.pool_type", "/vision_config/pool_type", "attn"},
                    {"vision_config.ues_cls_token", "/vision_config/ues_cls_token", true},
                    {"vision_config.rope_parameters.rope_type",
                     "/vision_config/rope_parameters",
                     {{"rope_type", "yarn"}}},
                    {"understand_projector_stride", "/understand_projector_stride", 1},
                    {"projector_bias", "/projector_bias", "no"},
                    {"image_token_id", "/image_token_id", -5}});
}

} // namespace step37::test
