#include "frontend/config/CanonicalConfig.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

namespace step37 {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char *, 2> typeNames{"full_attention", "sliding_attention"};

/// A factor with int(size·factor) = part, as readers compute it: part/size, or slightly more where
/// rounding falls short.
double factorFor(int64_t part, int64_t size) {
  double factor = static_cast<double>(part) / static_cast<double>(size);
  while (static_cast<int64_t>(static_cast<double>(size) * factor) < part)
    factor = std::nextafter(factor, HUGE_VAL);
  return factor;
}

const char *typeName(DType type) {
  return type == DType::bf16 ? "bfloat16" : type == DType::f32 ? "float32" : "float16";
}

/// The decoder layers, then the MTP layers.
std::vector<LayerConfig> allLayers(const ModelConfig &config) {
  std::vector<LayerConfig> layers = config.layers;
  layers.insert(layers.end(), config.mtp_layers.begin(), config.mtp_layers.end());
  return layers;
}

/// A list with one entry a layer.
template <class Value> Json listOf(const std::vector<LayerConfig> &layers, Value value) {
  Json list = Json::array();
  for (const LayerConfig &layer : layers)
    list.push_back(value(layer));
  return list;
}

auto headsOf(const LayerConfig &layer) {
  return std::tie(layer.heads, layer.groups, layer.head_dim);
}

/// The heads of each layer: one setting, another one for sliding layers, and what differs from
/// these layer by layer. Readers hold attention_other_setting's number of heads against every
/// sliding layer, so it is there only if they agree on it.
void addHeads(Json &text, const std::vector<LayerConfig> &layers) {
  const auto full = std::find_if(layers.begin(), layers.end(),
                                 [](const LayerConfig &layer) { return !layer.sliding; });
  const LayerConfig &base = full == layers.end() ? layers.front() : *full;
  const auto sliding = std::find_if(layers.begin(), layers.end(),
                                    [](const LayerConfig &layer) { return layer.sliding; });
  const bool other = sliding != layers.end() &&
                     std::all_of(layers.begin(), layers.end(), [&](const LayerConfig &layer) {
                       return !layer.sliding || layer.heads == sliding->heads;
                     });
  text["num_attention_heads"] = base.heads;
  text["num_attention_groups"] = base.groups;
  text["head_dim"] = base.head_dim;
  if (other)
    text["attention_other_setting"] = {{"attention_type", typeNames[1]},
                                       {"num_attention_heads", sliding->heads},
                                       {"num_attention_groups", sliding->groups},
                                       {"head_dim", sliding->head_dim},
                                       {"true_head_dim", sliding->head_dim}};
  Json single = Json::object();
  for (size_t index = 0; index < layers.size(); ++index) {
    const LayerConfig &layer = layers[index];
    if (headsOf(layer) != headsOf(other && layer.sliding ? *sliding : base))
      single[std::to_string(index)] = {{"num_attention_heads", layer.heads},
                                       {"num_key_value_heads", layer.groups},
                                       {"head_dim", layer.head_dim}};
  }
  if (!single.empty())
    text["per_layer_config"] = std::move(single);
  if (sliding != layers.end())
    text["sliding_window"] = sliding->window;
}

Json scalingJson(const RopeScaling &scaling) {
  return {{"rope_type", "llama3"},
          {"factor", scaling.factor},
          {"original_max_position_embeddings", scaling.original_max_position_embeddings},
          {"low_freq_factor", scaling.low_freq_factor},
          {"high_freq_factor", scaling.high_freq_factor}};
}

void addRope(Json &text, const std::vector<LayerConfig> &layers) {
  const bool everywhere = std::all_of(layers.begin(), layers.end(),
                                      [](const LayerConfig &layer) { return layer.use_rope; });
  text["use_rope_layers"] =
      everywhere ? Json::array() : listOf(layers, [](const auto &layer) { return layer.use_rope; });
  text["rope_theta"] = listOf(layers, [](const auto &layer) { return layer.rope_theta; });
  text["partial_rotary_factors"] =
      listOf(layers, [](const auto &layer) { return factorFor(layer.rotary_dim, layer.head_dim); });

  std::array<std::optional<RopeScaling>, 2> scaling; // layers of one type have the same
  for (const LayerConfig &layer : layers)
    scaling[layer.sliding] = layer.rope_scaling;
  if (scaling[0] && scaling[1] && scaling[0] != scaling[1]) {
    for (size_t type = 0; type < typeNames.size(); ++type)
      text["rope_parameters"][typeNames[type]] = scalingJson(*scaling[type]);
    return;
  }
  for (size_t type = 0; type < typeNames.size(); ++type)
    if (scaling[type]) {
      text["rope_scaling"] = scalingJson(*scaling[type]);
      text["yarn_only_types"].push_back(typeNames[type]);
    }
}

void addExperts(Json &text, const ModelConfig &config, const std::vector<LayerConfig> &layers) {
  text["use_moe"] = config.has_moe;
  if (config.has_moe) {
    std::string sparse;
    for (size_t index = 0; index < config.layers.size(); ++index)
      if (config.layers[index].moe)
        sparse += (sparse.empty() ? "" : ",") + std::to_string(index);
    text["moe_layers_enum"] = sparse;
    text["moe_num_experts"] = config.experts;
    text["moe_top_k"] = config.top_k;
    text["moe_intermediate_size"] = config.moe_intermediate;
    text["share_expert_dim"] = config.shared_intermediate;
    text["moe_router_activation"] = config.router_softmax ? "softmax" : "sigmoid";
    text["moe_router_scaling_factor"] = config.router_scale;
    text["use_moe_router_bias"] = config.router_bias;
    text["need_fp32_gate"] = true;
    text["norm_expert_weight"] = config.norm_expert_weight;
  }
  text["swiglu_limits"] = listOf(layers, [](const auto &layer) { return layer.swiglu_limit; });
  text["swiglu_limits_shared"] =
      listOf(layers, [](const auto &layer) { return layer.swiglu_limit_shared; });
}

void addTokens(Json &text, const ModelConfig &config) {
  if (config.bos_token)
    text["bos_token_id"] = *config.bos_token;
  if (!config.eos_tokens.empty())
    text["eos_token_id"] = config.eos_tokens;
  if (config.pad_token)
    text["pad_token_id"] = *config.pad_token;
}

/// The config of a text model, or the text_config of the other. Norm weights are always centred at
/// zero here and embeddings never tied (ModelConfig.cpp), which the text says for other readers.
Json textJson(const ModelConfig &config) {
  const std::vector<LayerConfig> layers = allLayers(config);
  Json text{{"architectures", Json::array({"Step3p5ForCausalLM"})},
            {"model_type", languageType},
            {"torch_dtype", typeName(config.type)},
            {"hidden_size", config.hidden},
            {"intermediate_size", config.intermediate},
            {"num_hidden_layers", config.layers.size()},
            {"num_nextn_predict_layers", config.mtp_layers.size()},
            {"vocab_size", config.vocab},
            {"max_seq_len", config.max_positions},
            {"max_position_embeddings", config.max_positions},
            {"rms_norm_eps", config.rms_norm_eps},
            {"zero_centered", true},
            {"tie_word_embeddings", false},
            {"att_impl_type", "GQA"},
            {"use_qk_norm", config.use_qk_norm},
            {"use_head_wise_attn_gate", config.use_head_gate},
            {"sink", false}};
  text["layer_types"] = listOf(layers, [](const auto &layer) { return typeNames[layer.sliding]; });
  addHeads(text, layers);
  addRope(text, layers);
  addExperts(text, config, layers);
  addTokens(text, config);
  return text;
}

Json visionJson(const VisionConfig &vision) {
  return {{"model_type", "perception_encoder"},
          {"width", vision.width},
          {"layers", vision.layers},
          {"heads", vision.heads},
          {"num_channels", vision.num_channels},
          {"image_size", vision.image_size},
          {"patch_size", vision.patch_size},
          {"mlp_ratio", factorFor(vision.mlp_width, vision.width)},
          {"hidden_act", "quick_gelu"},
          {"layer_norm_eps", vision.layer_norm_eps},
          {"use_cls_token", vision.use_cls_token},
          {"use_ln_pre", vision.use_ln_pre},
          {"use_ln_post", vision.use_ln_post},
          {"use_abs_posemb", vision.use_abs_posemb},
          {"use_rope2d", vision.use_rope2d},
          {"rope_theta", vision.rope_theta},
          {"ls_init_value", vision.layer_scale_init},
          {"output_dim", nullptr},
          {"pool_type", "none"}};
}

} // namespace

std::string canonicalConfig(const ModelConfig &config) {
  Json json;
  if (!config.isMultimodal()) {
    json = textJson(config);
  } else {
    json = {{"architectures", Json::array({"Step3p7ForConditionalGeneration"})},
            {"model_type", config.model_type},
            {"text_config", textJson(config)}};
    if (config.vision)
      json["vision_config"] = visionJson(*config.vision);
    json["image_token_id"] = config.image_token;
    json["understand_projector_stride"] = 2;
    json["projector_bias"] = config.projector_bias;
  }
  return json.dump(1) + '\n';
}

} // namespace step37
