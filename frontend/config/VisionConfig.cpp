// The vision tower's fields (docs/model.md, A.2): the published spelling and transformers'. Missing
// fields have the published class's defaults. The projector's fields are top-level:
// ModelConfig.cpp.
#include "frontend/config/ConfigParts.h"

namespace step37::config {

namespace {

/// Variants of the tower that this project does not compute.
void refuseUnsupported(const Field &vision) {
  if (auto field = vision.find({"hidden_act"}))
    field->oneOf({"quick_gelu"});
  if (auto field = vision.find({"pool_type"}))
    field->oneOf({"none"});
  if (auto field = vision.find({"output_dim"}))
    field->fail("an output projection is not supported; accepted: null");
  if (auto field = vision.find({"attention_dropout"}))
    field->number(0, 0);
  if (auto field = vision.find({"rope_freqs_for"}))
    field->oneOf({"lang"});
  if (auto field = vision.find({"rope_theta_rescale_factor"}))
    field->number(1, 1);
}

double readTheta(const Field &vision, double fallback) {
  auto theta = vision.find({"rope_theta"});
  auto parameters = vision.find({"rope_parameters"});
  if (parameters) {
    if (auto type = parameters->find({"rope_type"}))
      type->oneOf({"axial", "default"});
    auto other = parameters->find({"rope_theta"});
    if (theta && other && theta->positive() != other->positive())
      other->fail("contradicts " + theta->path());
    if (other)
      theta = other;
  }
  return theta ? theta->positive() : fallback;
}

/// int(width · mlp_ratio), or intermediate_size; given both, they must agree.
int64_t readMlpWidth(const Field &vision, int64_t width) {
  auto ratio = vision.find({"mlp_ratio"});
  auto size = vision.find({"intermediate_size"});
  const double product = static_cast<double>(width) * (ratio ? ratio->positive() : 8960.0 / 1536.0);
  if (!(product >= 1 && product <= maxSize))
    vision.failAt("mlp_ratio",
                  "gives an MLP width out of range, from 1 to " + std::to_string(maxSize));
  const auto fromRatio = static_cast<int64_t>(product);
  if (!size)
    return fromRatio;
  if (ratio && size->size() != fromRatio)
    size->fail("contradicts mlp_ratio, which gives " + std::to_string(fromRatio));
  return size->size();
}

} // namespace

VisionConfig readVision(const Field &vision) {
  refuseUnsupported(vision);
  auto sizeOr = [&](Names names, int64_t fallback) {
    auto field = vision.find(names);
    return field ? field->size() : fallback;
  };
  auto flagOr = [&](Names names, bool fallback) {
    auto field = vision.find(names);
    return field ? field->flag() : fallback;
  };

  VisionConfig config;
  config.width = sizeOr({"width", "hidden_size"}, 1536);
  config.heads = sizeOr({"heads", "num_attention_heads"}, 16);
  config.num_channels = sizeOr({"num_channels"}, 3);
  config.image_size = sizeOr({"image_size"}, 728);
  config.patch_size = sizeOr({"patch_size"}, 14);
  config.mlp_width = readMlpWidth(vision, config.width);
  auto layers = vision.find({"layers", "num_hidden_layers"});
  config.layers = layers ? layers->integer(1, maxLayers) : 47;
  if (auto field = vision.find({"layer_norm_eps"}))
    config.layer_norm_eps = field->positive();
  config.rope_theta = readTheta(vision, config.rope_theta);
  if (auto field = vision.find({"ls_init_value", "layer_scale_init_value"}))
    config.layer_scale_init = field->number(-1e30, 1e30);
  config.use_cls_token = flagOr({"use_cls_token", "ues_cls_token"}, config.use_cls_token);
  config.use_ln_pre = flagOr({"use_ln_pre"}, config.use_ln_pre);
  config.use_ln_post = flagOr({"use_ln_post"}, config.use_ln_post);
  config.use_abs_posemb = flagOr({"use_abs_posemb"}, config.use_abs_posemb);
  config.use_rope2d = flagOr({"use_rope2d"}, config.use_rope2d);

  if (config.image_size % config.patch_size != 0)
    vision.failAt("image_size", "must be a multiple of patch_size (" +
                                    std::to_string(config.patch_size) + "), is " +
                                    std::to_string(config.image_size));
  if (config.width % config.heads != 0)
    vision.failAt("width", "must be a multiple of heads (" + std::to_string(config.heads) +
                               "), is " + std::to_string(config.width));
  if (config.use_rope2d && config.width / config.heads % 4 != 0)
    vision.failAt("width", "each head has " + std::to_string(config.width / config.heads) +
                               " dimensions; 2-D RoPE needs a multiple of 4");
  return config;
}

} // namespace step37::config
