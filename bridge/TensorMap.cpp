// The table, as one rule for each kind of tensor; see TensorMap.h.
#include "bridge/TensorMap.h"

#include "runtime/base/Error.h"

#include <array>
#include <cassert>
#include <charconv>

namespace step37 {

namespace {

/// A kind of tensor. `name` and `megatron` are relative to the layer, or whole names.
struct Rule {
  std::string_view name, megatron;
  Sharding sharding = Sharding::replicated;
  Packing packing = Packing::alone;
  std::string_view pack = {}; // the plan's parameter; empty: the tensor's own name
};

using enum Sharding;
using enum Packing;

constexpr std::string_view qkvg = "self_attn.qkvg_proj.weight";
constexpr std::string_view mlpPack = "mlp.gate_up_proj.weight";
constexpr std::string_view moePack = "moe.gate_up_proj.weight";
constexpr std::string_view sharedPack = "share_expert.gate_up_proj.weight";

constexpr std::array globalRules{
    Rule{"model.embed_tokens.weight", "embedding.word_embeddings.weight", vocabulary},
    Rule{"model.norm.weight", "decoder.final_layernorm.weight"},
    Rule{"lm_head.weight", "output_layer.weight", vocabulary},
};

constexpr std::string_view postAttentionNorm = "post_attention_layernorm.weight";
constexpr std::string_view moeNorm = "pre_mlp_layernorm.weight"; // dense: fused with linear_fc1

/// Tensors of a decoder layer and of the decoder layer in an MTP layer.
constexpr std::array layerRules{
    Rule{"input_layernorm.weight", "self_attention.linear_qkv.layer_norm_weight"},
    Rule{"self_attn.q_proj.weight", "self_attention.linear_qkv.weight", column, query, qkvg},
    Rule{"self_attn.k_proj.weight", "self_attention.linear_qkv.weight", column, key, qkvg},
    Rule{"self_attn.v_proj.weight", "self_attention.linear_qkv.weight", column, value, qkvg},
    Rule{"self_attn.g_proj.weight", "self_attention.linear_qkv.weight", column, headGate, qkvg},
    Rule{"self_attn.q_norm.weight", "self_attention.q_layernorm.weight"},
    Rule{"self_attn.k_norm.weight", "self_attention.k_layernorm.weight"},
    Rule{"self_attn.o_proj.weight", "self_attention.linear_proj.weight", row},
    Rule{postAttentionNorm, "mlp.linear_fc1.layer_norm_weight"},
    Rule{"mlp.gate_proj.weight", "mlp.linear_fc1.weight", column, gate, mlpPack},
    Rule{"mlp.up_proj.weight", "mlp.linear_fc1.weight", column, up, mlpPack},
    Rule{"mlp.down_proj.weight", "mlp.linear_fc2.weight", row},
    Rule{"moe.gate.weight", "mlp.router.weight"},
    Rule{"moe.router_bias", "mlp.router.expert_bias"},
    Rule{"moe.gate_proj.weight", "mlp.experts.linear_fc1.weight*", expertColumn, gate, moePack},
    Rule{"moe.up_proj.weight", "mlp.experts.linear_fc1.weight*", expertColumn, up, moePack},
    Rule{"moe.down_proj.weight", "mlp.experts.linear_fc2.weight*", expertRow},
    Rule{"share_expert.gate_proj.weight", "mlp.shared_experts.linear_fc1.weight", column, gate,
         sharedPack},
    Rule{"share_expert.up_proj.weight", "mlp.shared_experts.linear_fc1.weight", column, up,
         sharedPack},
    Rule{"share_expert.down_proj.weight", "mlp.shared_experts.linear_fc2.weight", row},
};

/// What an MTP layer has beside its decoder layer. Megatron-Core shares the model's output layer
/// and has no name for the published heads; `output_layer` is ours, so that none is lost.
constexpr std::array mtpRules{
    Rule{"enorm.weight", "enorm.weight"},
    Rule{"hnorm.weight", "hnorm.weight"},
    Rule{"eh_proj.weight", "eh_proj.weight", column},
    Rule{"transformer.shared_head.norm.weight", "final_layernorm.weight"},
    Rule{"transformer.shared_head.output.weight", "output_layer.weight", vocabulary},
};

template <size_t count>
const Rule *findRule(const std::array<Rule, count> &rules, std::string_view name) {
  for (const Rule &rule : rules)
    if (rule.name == name)
      return &rule;
  return nullptr;
}

constexpr std::string_view layerPrefix = "model.layers.";

/// Fills in what the rules say of one tensor.
class Mapper {
public:
  explicit Mapper(const ModelConfig &config)
      : config(config), textPrefix(config.model_type == "step3p7" ? "language_model." : "") {}

  MappedTensor map(PublishedTensor published) const {
    MappedTensor tensor;
    tensor.published = std::move(published);
    const std::string_view name = tensor.published.name;
    tensor.parameter = name;
    if (name.starts_with(layerPrefix))
      mapLayer(tensor);
    else if (const Rule *rule = findRule(globalRules, name))
      apply(*rule, "", textPrefix, tensor);
    else // vision tower and projector: one to one
      tensor.megatron =
          name.starts_with("vit_large_projector.")
              ? "image_insert_embedding.align_projector" + std::string(name.substr(name.find('.')))
              : std::string(name);
    return tensor;
  }

private:
  void mapLayer(MappedTensor &tensor) const {
    const std::string_view name = tensor.published.name;
    size_t index = 0;
    const char *digits = name.data() + layerPrefix.size();
    const char *end = std::from_chars(digits, name.data() + name.size(), index).ptr;
    const std::string prefix(name.substr(0, static_cast<size_t>(end - name.data()) + 1));
    const std::string_view rest = name.substr(prefix.size());
    const bool isMtp = index >= config.layers.size();
    const size_t depth = index - config.layers.size();
    const LayerConfig &layer = isMtp ? config.mtp_layers[depth] : config.layers[index];
    tensor.heads = layer.heads;
    tensor.groups = layer.groups;
    tensor.headDim = layer.head_dim;

    std::string megatron = textPrefix + (isMtp ? "mtp.layers." + std::to_string(depth)
                                               : "decoder.layers." + std::to_string(index));
    if (const Rule *rule = findRule(mtpRules, rest); rule && isMtp)
      return apply(*rule, prefix, megatron + '.', tensor);
    megatron += isMtp ? ".mtp_model_layer." : ".";
    const Rule *rule = findRule(layerRules, rest);
    assert(rule && "the inventory has a tensor that the table lacks");
    apply(*rule, prefix, megatron, tensor);
    if (rest == postAttentionNorm && layer.moe)
      tensor.megatron = megatron + std::string(moeNorm);
  }

  static void apply(const Rule &rule, const std::string &prefix, const std::string &megatronPrefix,
                    MappedTensor &tensor) {
    tensor.sharding = rule.sharding;
    tensor.packing = rule.packing;
    if (!rule.pack.empty())
      tensor.parameter = prefix + std::string(rule.pack);
    tensor.megatron = megatronPrefix + std::string(rule.megatron);
  }

  const ModelConfig &config;
  std::string textPrefix;
};

constexpr std::string_view moeMark = ".moe.", expertsMark = ".moe.experts.";

/// Splits a name after the last `mark`; empty second part where there is none.
std::pair<std::string_view, std::string_view> splitAfter(std::string_view name,
                                                         std::string_view mark) {
  const size_t at = name.rfind(mark);
  if (at == std::string_view::npos)
    return {name, {}};
  return {name.substr(0, at), name.substr(at + mark.size())};
}

bool isExpertProjection(std::string_view rest) {
  for (std::string_view projection : {"gate_proj.weight", "up_proj.weight", "down_proj.weight"})
    if (rest == projection)
      return true;
  return false;
}

} // namespace

TensorMap::TensorMap(ModelConfig config) : modelConfig(std::move(config)) {
  const Mapper mapper(modelConfig);
  for (PublishedTensor &published : inventory(modelConfig)) {
    byName.emplace(published.name, static_cast<int>(mapped.size()));
    mapped.push_back(mapper.map(std::move(published)));
  }
}

int TensorMap::find(std::string_view published) const {
  const auto found = byName.find(published);
  return found == byName.end() ? -1 : found->second;
}

TensorMap tensorMapOf(const plan::Plan &plan, const std::string &origin) {
  const plan::Blob *config = plan.findBlob("config.json");
  if (!config)
    throw Error(origin + ": has no config.json");
  return TensorMap(parseModelConfig(config->bytes, origin + ": config.json"));
}

std::string_view name(Sharding sharding) {
  constexpr std::array<std::string_view, 6> names{"replicated", "column",        "row",
                                                  "vocabulary", "expert column", "expert row"};
  return names[static_cast<size_t>(sharding)];
}

std::string_view name(Packing packing) {
  constexpr std::array<std::string_view, 7> names{"", "q", "k", "v", "head gate", "gate", "up"};
  return names[static_cast<size_t>(packing)];
}

std::string expertTensorName(std::string_view stacked, int64_t expert) {
  const auto [layer, rest] = splitAfter(stacked, moeMark);
  if (!isExpertProjection(rest))
    return {};
  return std::string(layer) + std::string(expertsMark) + std::to_string(expert) + '.' +
         std::string(rest);
}

std::optional<SingleExpert> parseExpertName(std::string_view name) {
  const auto [layer, numbered] = splitAfter(name, expertsMark);
  SingleExpert single;
  const char *digits = numbered.data();
  const auto [end, error] = std::from_chars(digits, digits + numbered.size(), single.expert);
  const std::string_view rest = numbered.substr(static_cast<size_t>(end - digits));
  if (error != std::errc() || single.expert < 0 || !rest.starts_with('.'))
    return std::nullopt;
  single.stacked = std::string(layer) + std::string(moeMark) + std::string(rest.substr(1));
  // One spelling of a number only: whatever is accepted here is found by expertTensorName.
  if (expertTensorName(single.stacked, single.expert) != name)
    return std::nullopt;
  return single;
}

} // namespace step37
