#include "test/golden/TinyModel.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <random>

namespace step37::test {

std::string configText(const TinyModel &model) {
  nlohmann::json config{{"model_type", "step3p5"},
                        {"torch_dtype", "float32"},
                        {"hidden_size", model.hidden},
                        {"intermediate_size", model.intermediate},
                        {"num_hidden_layers", model.layers.size()},
                        {"num_attention_heads", model.fullHeads},
                        {"num_attention_groups", model.groups},
                        {"head_dim", model.headDim},
                        {"vocab_size", model.vocab},
                        {"max_position_embeddings", 4096},
                        {"rms_norm_eps", model.eps},
                        {"use_qk_norm", model.qkNorm},
                        {"use_head_wise_attn_gate", model.headGate},
                        {"sliding_window", model.window},
                        {"attention_other_setting",
                         {{"attention_type", "sliding_attention"},
                          {"num_attention_heads", model.slidingHeads},
                          {"num_attention_groups", model.groups},
                          {"head_dim", model.headDim}}},
                        {"moe_num_experts", model.experts},
                        {"moe_top_k", model.topK},
                        {"moe_intermediate_size", model.moeWidth},
                        {"share_expert_dim", model.sharedWidth},
                        {"moe_router_scaling_factor", model.routerScale},
                        {"use_moe_router_bias", model.routerBias}};
  if (model.scaling)
    config["rope_scaling"] = {{"rope_type", "llama3"},
                              {"factor", model.scaling->factor},
                              {"low_freq_factor", model.scaling->low},
                              {"high_freq_factor", model.scaling->high},
                              {"original_max_position_embeddings", model.scaling->original}};
  std::string moeLayers;
  for (size_t i = 0; i < model.layers.size(); ++i) {
    const TinyLayer &layer = model.layers[i];
    config["layer_types"].push_back(layer.sliding ? "sliding_attention" : "full_attention");
    config["rope_theta"].push_back(layer.theta);
    config["partial_rotary_factors"].push_back(layer.rotated);
    config["use_rope_layers"].push_back(layer.rope);
    config["swiglu_limits"].push_back(layer.limit);
    config["swiglu_limits_shared"].push_back(layer.sharedLimit);
    if (layer.moe)
      moeLayers += (moeLayers.empty() ? "" : ",") + std::to_string(i);
  }
  config["moe_layers_enum"] = moeLayers;
  return config.dump(1);
}

Shapes tensorShapes(const TinyModel &model) {
  const int64_t hidden = model.hidden, kvWidth = model.groups * model.headDim;
  Shapes shapes{{"model.embed_tokens.weight", {model.vocab, hidden}},
                {"model.norm.weight", {hidden}},
                {"lm_head.weight", {model.vocab, hidden}}};
  for (size_t i = 0; i < model.layers.size(); ++i) {
    const TinyLayer &layer = model.layers[i];
    auto add = [&](const std::string &name, std::vector<int64_t> shape) {
      shapes["model.layers." + std::to_string(i) + "." + name] = std::move(shape);
    };
    auto addMlp = [&](const std::string &name, int64_t width) {
      add(name + ".gate_proj.weight", {width, hidden});
      add(name + ".up_proj.weight", {width, hidden});
      add(name + ".down_proj.weight", {hidden, width});
    };
    const int64_t heads = model.headsOf(layer);
    add("input_layernorm.weight", {hidden});
    add("post_attention_layernorm.weight", {hidden});
    add("self_attn.q_proj.weight", {heads * model.headDim, hidden});
    add("self_attn.k_proj.weight", {kvWidth, hidden});
    add("self_attn.v_proj.weight", {kvWidth, hidden});
    add("self_attn.o_proj.weight", {hidden, heads * model.headDim});
    if (model.headGate)
      add("self_attn.g_proj.weight", {heads, hidden});
    if (model.qkNorm) {
      add("self_attn.q_norm.weight", {model.headDim});
      add("self_attn.k_norm.weight", {model.headDim});
    }
    if (!layer.moe) {
      addMlp("mlp", model.intermediate);
      continue;
    }
    add("moe.gate.weight", {model.experts, hidden});
    if (model.routerBias)
      add("moe.router_bias", {model.experts});
    add("moe.gate_proj.weight", {model.experts, model.moeWidth, hidden});
    add("moe.up_proj.weight", {model.experts, model.moeWidth, hidden});
    add("moe.down_proj.weight", {model.experts, hidden, model.moeWidth});
    if (model.sharedWidth > 0)
      addMlp("share_expert", model.sharedWidth);
  }
  return shapes;
}

Weights randomWeights(const TinyModel &model, uint64_t seed) {
  std::mt19937_64 random(seed);
  Weights weights;
  for (const auto &[name, shape] : tensorShapes(model)) {
    int64_t elements = 1;
    for (int64_t extent : shape)
      elements *= extent;
    const bool embedding = name == "model.embed_tokens.weight";
    // Matrices keep the size of what they multiply, doubled.
    const double deviation = shape.size() == 1 ? 0.3
                             : embedding       ? 1
                                               : 2 / std::sqrt(static_cast<double>(shape.back()));
    std::normal_distribution<double> normal(0, deviation);
    std::vector<double> &values = weights[name];
    for (int64_t i = 0; i < elements; ++i)
      values.push_back(static_cast<float>(normal(random)));
  }
  return weights;
}

} // namespace step37::test
