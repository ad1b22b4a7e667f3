// Writes down the published tensors of a config (spec/model.md, D.1 and D.2).
#include "frontend/config/Inventory.h"

#include <initializer_list>
#include <utility>

namespace step37 {

namespace {

/// Collects tensors whose names start with a common prefix.
class List {
public:
  List(std::vector<PublishedTensor> &tensors, DType type, TensorGroup group)
      : tensors(tensors), type(type), group(group) {}

  void setPrefix(std::string text) { prefix = std::move(text); }

  void add(const char *name, std::vector<int64_t> shape) { add(name, std::move(shape), type); }
  void add(const char *name, std::vector<int64_t> shape, DType elementType) {
    tensors.push_back({prefix + name, elementType, std::move(shape), group});
  }
  /// name.weight and name.bias.
  void addWithBias(const std::string &name, std::vector<int64_t> shape) {
    const int64_t rows = shape.front();
    add((name + ".weight").c_str(), std::move(shape));
    add((name + ".bias").c_str(), {rows});
  }

private:
  std::vector<PublishedTensor> &tensors;
  std::string prefix;
  DType type;
  TensorGroup group;
};

void addLayer(List &list, const ModelConfig &config, const LayerConfig &layer) {
  const int64_t hidden = config.hidden;
  const int64_t qDim = layer.heads * layer.head_dim, kvDim = layer.groups * layer.head_dim;
  list.add("input_layernorm.weight", {hidden});
  list.add("self_attn.q_proj.weight", {qDim, hidden});
  list.add("self_attn.k_proj.weight", {kvDim, hidden});
  list.add("self_attn.v_proj.weight", {kvDim, hidden});
  if (config.use_head_gate)
    list.add("self_attn.g_proj.weight", {layer.heads, hidden});
  if (config.use_qk_norm) {
    list.add("self_attn.q_norm.weight", {layer.head_dim});
    list.add("self_attn.k_norm.weight", {layer.head_dim});
  }
  list.add("self_attn.o_proj.weight", {hidden, qDim});
  list.add("post_attention_layernorm.weight", {hidden});
  if (!layer.moe) {
    list.add("mlp.gate_proj.weight", {config.intermediate, hidden});
    list.add("mlp.up_proj.weight", {config.intermediate, hidden});
    list.add("mlp.down_proj.weight", {hidden, config.intermediate});
    return;
  }
  list.add("moe.gate.weight", {config.experts, hidden});
  if (config.router_bias)
    list.add("moe.router_bias", {config.experts}, DType::f32);
  list.add("moe.gate_proj.weight", {config.experts, config.moe_intermediate, hidden});
  list.add("moe.up_proj.weight", {config.experts, config.moe_intermediate, hidden});
  list.add("moe.down_proj.weight", {config.experts, hidden, config.moe_intermediate});
  if (config.shared_intermediate == 0)
    return;
  list.add("share_expert.gate_proj.weight", {config.shared_intermediate, hidden});
  list.add("share_expert.up_proj.weight", {config.shared_intermediate, hidden});
  list.add("share_expert.down_proj.weight", {hidden, config.shared_intermediate});
}

void addMtpParts(List &list, const ModelConfig &config) {
  list.add("enorm.weight", {config.hidden});
  list.add("hnorm.weight", {config.hidden});
  list.add("eh_proj.weight", {config.hidden, 2 * config.hidden});
  list.add("transformer.shared_head.norm.weight", {config.hidden});
  list.add("transformer.shared_head.output.weight", {config.vocab, config.hidden});
}

void addVision(List &list, const VisionConfig &vision) {
  const int64_t width = vision.width, patch = vision.patch_size;
  const int64_t side = vision.image_size / patch;
  list.setPrefix("vision_model.");
  list.add("conv1.weight", {width, vision.num_channels, patch, patch});
  if (vision.use_cls_token)
    list.add("class_embedding", {width});
  if (vision.use_abs_posemb)
    list.add("positional_embedding", {side * side + (vision.use_cls_token ? 1 : 0), width});
  if (vision.use_ln_pre)
    list.addWithBias("ln_pre", {width});
  for (int64_t i = 0; i < vision.layers; ++i) {
    list.setPrefix("vision_model.transformer.resblocks." + std::to_string(i) + '.');
    list.addWithBias("ln_1", {width});
    list.add("attn.in_proj_weight", {3 * width, width});
    list.add("attn.in_proj_bias", {3 * width});
    list.addWithBias("attn.out_proj", {width, width});
    list.add("ls_1.gamma", {width});
    list.addWithBias("ln_2", {width});
    list.addWithBias("mlp.c_fc", {vision.mlp_width, width});
    list.addWithBias("mlp.c_proj", {width, vision.mlp_width});
    list.add("ls_2.gamma", {width});
  }
  list.setPrefix("vision_model.");
  if (vision.use_ln_post)
    list.addWithBias("ln_post", {width});
  list.addWithBias("vit_downsampler1", {2 * width, width, 3, 3});
  list.addWithBias("vit_downsampler2", {4 * width, 2 * width, 3, 3});
}

} // namespace

std::vector<PublishedTensor> inventory(const ModelConfig &config) {
  std::vector<PublishedTensor> tensors;
  List text(tensors, config.type, TensorGroup::text);
  text.add("model.embed_tokens.weight", {config.vocab, config.hidden});
  int64_t index = 0;
  for (const LayerConfig &layer : config.layers) {
    text.setPrefix("model.layers." + std::to_string(index++) + '.');
    addLayer(text, config, layer);
  }
  List mtp(tensors, config.type, TensorGroup::mtp);
  for (const LayerConfig &layer : config.mtp_layers) {
    mtp.setPrefix("model.layers." + std::to_string(index++) + '.');
    addLayer(mtp, config, layer);
    addMtpParts(mtp, config);
  }
  text.setPrefix("");
  text.add("model.norm.weight", {config.hidden});
  text.add("lm_head.weight", {config.vocab, config.hidden});
  if (!config.vision)
    return tensors;

  List vision(tensors, config.type, TensorGroup::vision);
  addVision(vision, *config.vision);
  List projector(tensors, config.type, TensorGroup::projector);
  projector.add("vit_large_projector.weight", {config.hidden, 4 * config.vision->width});
  if (config.projector_bias)
    projector.add("vit_large_projector.bias", {config.hidden});
  return tensors;
}

int64_t elementCount(const PublishedTensor &tensor) {
  int64_t count = 1;
  for (int64_t extent : tensor.shape)
    count *= extent;
  return count;
}

} // namespace step37
