// The tensors of the language model (docs/model.md, D.1): decoder layers, layers of multi-token
// prediction, embedding and head. Order is that of a checkpoint; see TensorTable.h.
#include "frontend/config/TextTensors.h"

namespace step37 {

namespace {

using enum PackPlace;
using enum InitialValue;
using Scope = TensorScope;
using Id = TensorId;

constexpr Extent vocab{[](const Scope &s) { return s.config.vocab; }, "vocab"};
constexpr Extent hidden{[](const Scope &s) { return s.config.hidden; }};
constexpr Extent twoHidden{[](const Scope &s) { return 2 * s.config.hidden; }};
/// Rows of eh_proj: Megatron-Core splits them, meshes of a plan do not.
constexpr Extent joinedRows{[](const Scope &s) { return s.config.hidden; }, "", true};
constexpr Extent heads{[](const Scope &s) { return s.layer->heads; }, "head"};
constexpr Extent headDim{[](const Scope &s) { return s.layer->head_dim; }};
constexpr Extent queries{[](const Scope &s) { return s.layer->heads * s.layer->head_dim; }, "head"};
constexpr Extent keys{[](const Scope &s) { return s.layer->groups * s.layer->head_dim; }, "head"};
constexpr Extent ffn{[](const Scope &s) { return s.config.intermediate; }, "ffn"};
constexpr Extent sharedFfn{[](const Scope &s) { return s.config.shared_intermediate; }, "ffn"};
constexpr Extent experts{[](const Scope &s) { return s.config.experts; }, "expert"};
constexpr Extent expertFfn{[](const Scope &s) { return s.config.moe_intermediate; }, "expert_ffn"};
/// What a router chooses from: all experts, wherever they are.
constexpr Extent choices{[](const Scope &s) { return s.config.experts; }};

bool hasHeadGate(const Scope &s) { return s.config.use_head_gate; }
bool hasQkNorm(const Scope &s) { return s.config.use_qk_norm; }
bool isDense(const Scope &s) { return !s.layer->moe; }
bool isMoe(const Scope &s) { return s.layer->moe; }
bool hasRouterBias(const Scope &s) { return s.layer->moe && s.config.router_bias; }
bool hasSharedExpert(const Scope &s) { return s.layer->moe && s.config.shared_intermediate != 0; }

constexpr std::string_view qkvg = "model.layers.*.self_attn.qkvg_proj.weight";
constexpr std::string_view mlpPack = "model.layers.*.mlp.gate_up_proj.weight";
constexpr std::string_view expertPack = "model.layers.*.moe.gate_up_proj.weight";
constexpr std::string_view sharedPack = "model.layers.*.share_expert.gate_up_proj.weight";

constexpr std::string_view linearQkv = "self_attention.linear_qkv.weight";

constexpr std::array inputRules{
    TensorRule{.id = Id::embedTokens,
               .name = "model.embed_tokens.weight",
               .shape = {&vocab, &hidden},
               .megatron = "embedding.word_embeddings.weight"},
};

constexpr std::array layerRules{
    TensorRule{.id = Id::inputNorm,
               .name = "model.layers.*.input_layernorm.weight",
               .shape = {&hidden},
               .megatron = "self_attention.linear_qkv.layer_norm_weight",
               .initial = zero},
    TensorRule{.id = Id::qProj,
               .name = "model.layers.*.self_attn.q_proj.weight",
               .shape = {&queries, &hidden},
               .megatron = linearQkv,
               .place = query,
               .pack = qkvg},
    TensorRule{.id = Id::kProj,
               .name = "model.layers.*.self_attn.k_proj.weight",
               .shape = {&keys, &hidden},
               .megatron = linearQkv,
               .place = key,
               .pack = qkvg},
    TensorRule{.id = Id::vProj,
               .name = "model.layers.*.self_attn.v_proj.weight",
               .shape = {&keys, &hidden},
               .megatron = linearQkv,
               .place = value,
               .pack = qkvg},
    TensorRule{.id = Id::gProj,
               .name = "model.layers.*.self_attn.g_proj.weight",
               .shape = {&heads, &hidden},
               .megatron = linearQkv,
               .place = headGate,
               .pack = qkvg,
               .isThere = hasHeadGate},
    TensorRule{.id = Id::qNorm,
               .name = "model.layers.*.self_attn.q_norm.weight",
               .shape = {&headDim},
               .megatron = "self_attention.q_layernorm.weight",
               .initial = zero,
               .isThere = hasQkNorm},
    TensorRule{.id = Id::kNorm,
               .name = "model.layers.*.self_attn.k_norm.weight",
               .shape = {&headDim},
               .megatron = "self_attention.k_layernorm.weight",
               .initial = zero,
               .isThere = hasQkNorm},
    TensorRule{.id = Id::oProj,
               .name = "model.layers.*.self_attn.o_proj.weight",
               .shape = {&hidden, &queries},
               .megatron = "self_attention.linear_proj.weight"},
    // Megatron-Core has it in the dense MLP's first projection, and before a mixture of experts by
    // itself.
    TensorRule{.id = Id::postAttentionNorm,
               .name = "model.layers.*.post_attention_layernorm.weight",
               .shape = {&hidden},
               .megatron = "mlp.linear_fc1.layer_norm_weight",
               .initial = zero,
               .isThere = isDense},
    TensorRule{.id = Id::postAttentionNorm,
               .name = "model.layers.*.post_attention_layernorm.weight",
               .shape = {&hidden},
               .megatron = "pre_mlp_layernorm.weight",
               .initial = zero,
               .isThere = isMoe},
    TensorRule{.id = Id::mlpGateProj,
               .name = "model.layers.*.mlp.gate_proj.weight",
               .shape = {&ffn, &hidden},
               .megatron = "mlp.linear_fc1.weight",
               .place = gate,
               .pack = mlpPack,
               .isThere = isDense},
    TensorRule{.id = Id::mlpUpProj,
               .name = "model.layers.*.mlp.up_proj.weight",
               .shape = {&ffn, &hidden},
               .megatron = "mlp.linear_fc1.weight",
               .place = up,
               .pack = mlpPack,
               .isThere = isDense},
    TensorRule{.id = Id::mlpDownProj,
               .name = "model.layers.*.mlp.down_proj.weight",
               .shape = {&hidden, &ffn},
               .megatron = "mlp.linear_fc2.weight",
               .isThere = isDense},
    TensorRule{.id = Id::router,
               .name = "model.layers.*.moe.gate.weight",
               .shape = {&choices, &hidden},
               .megatron = "mlp.router.weight",
               .isThere = isMoe},
    TensorRule{.id = Id::routerBias,
               .name = "model.layers.*.moe.router_bias",
               .shape = {&choices},
               .megatron = "mlp.router.expert_bias",
               .initial = zero,
               .selects = true,
               .isThere = hasRouterBias},
    TensorRule{.id = Id::expertGateProj,
               .name = "model.layers.*.moe.gate_proj.weight",
               .shape = {&experts, &expertFfn, &hidden},
               .megatron = "mlp.experts.linear_fc1.weight*",
               .place = gate,
               .pack = expertPack,
               .isThere = isMoe},
    TensorRule{.id = Id::expertUpProj,
               .name = "model.layers.*.moe.up_proj.weight",
               .shape = {&experts, &expertFfn, &hidden},
               .megatron = "mlp.experts.linear_fc1.weight*",
               .place = up,
               .pack = expertPack,
               .isThere = isMoe},
    TensorRule{.id = Id::expertDownProj,
               .name = "model.layers.*.moe.down_proj.weight",
               .shape = {&experts, &hidden, &expertFfn},
               .megatron = "mlp.experts.linear_fc2.weight*",
               .isThere = isMoe},
    TensorRule{.id = Id::sharedGateProj,
               .name = "model.layers.*.share_expert.gate_proj.weight",
               .shape = {&sharedFfn, &hidden},
               .megatron = "mlp.shared_experts.linear_fc1.weight",
               .place = gate,
               .pack = sharedPack,
               .isThere = hasSharedExpert},
    TensorRule{.id = Id::sharedUpProj,
               .name = "model.layers.*.share_expert.up_proj.weight",
               .shape = {&sharedFfn, &hidden},
               .megatron = "mlp.shared_experts.linear_fc1.weight",
               .place = up,
               .pack = sharedPack,
               .isThere = hasSharedExpert},
    TensorRule{.id = Id::sharedDownProj,
               .name = "model.layers.*.share_expert.down_proj.weight",
               .shape = {&hidden, &sharedFfn},
               .megatron = "mlp.shared_experts.linear_fc2.weight",
               .isThere = hasSharedExpert},
};

/// Megatron-Core shares the model's output layer and has no name for the published heads;
/// `output_layer` is ours, so that none is lost.
constexpr std::array mtpRules{
    TensorRule{.id = Id::enorm,
               .name = "model.layers.*.enorm.weight",
               .shape = {&hidden},
               .megatron = "enorm.weight",
               .initial = zero},
    TensorRule{.id = Id::hnorm,
               .name = "model.layers.*.hnorm.weight",
               .shape = {&hidden},
               .megatron = "hnorm.weight",
               .initial = zero},
    TensorRule{.id = Id::ehProj,
               .name = "model.layers.*.eh_proj.weight",
               .shape = {&joinedRows, &twoHidden},
               .megatron = "eh_proj.weight"},
    TensorRule{.id = Id::sharedHeadNorm,
               .name = "model.layers.*.transformer.shared_head.norm.weight",
               .shape = {&hidden},
               .megatron = "final_layernorm.weight",
               .initial = zero},
    TensorRule{.id = Id::sharedHeadOutput,
               .name = "model.layers.*.transformer.shared_head.output.weight",
               .shape = {&vocab, &hidden},
               .megatron = "output_layer.weight"},
};

constexpr std::array outputRules{
    TensorRule{.id = Id::finalNorm,
               .name = "model.norm.weight",
               .shape = {&hidden},
               .megatron = "decoder.final_layernorm.weight",
               .initial = zero},
    TensorRule{.id = Id::lmHead,
               .name = "lm_head.weight",
               .shape = {&vocab, &hidden},
               .megatron = "output_layer.weight"},
};

} // namespace

std::span<const TensorRule> textRulesOf(TensorOwner owner) {
  switch (owner) {
  case TensorOwner::input:
    return inputRules;
  case TensorOwner::layer:
    return layerRules;
  case TensorOwner::mtpLayer:
    return mtpRules;
  case TensorOwner::output:
    return outputRules;
  default:
    return {};
  }
}

} // namespace step37
