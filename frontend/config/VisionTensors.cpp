// The tensors of the vision tower and of its projector (docs/model.md, D.2). Every rank has all of
// them whole, and Megatron-Core keeps the published names. Order is that of a checkpoint; see
// TensorTable.h.
#include "frontend/config/VisionTensors.h"

namespace step37 {

namespace {

using enum InitialValue;
using Scope = TensorScope;
using Id = TensorId;

constexpr Extent hidden{[](const Scope &s) { return s.config.hidden; }};
constexpr Extent width{[](const Scope &s) { return s.vision().width; }};
constexpr Extent twoWidth{[](const Scope &s) { return 2 * s.vision().width; }};
constexpr Extent threeWidth{[](const Scope &s) { return 3 * s.vision().width; }};
constexpr Extent fourWidth{[](const Scope &s) { return 4 * s.vision().width; }};
constexpr Extent mlpWidth{[](const Scope &s) { return s.vision().mlp_width; }};
constexpr Extent channels{[](const Scope &s) { return s.vision().num_channels; }};
constexpr Extent patch{[](const Scope &s) { return s.vision().patch_size; }};
constexpr Extent window{[](const Scope &) { return int64_t{3}; }};
/// The patches of a whole image, after the class token.
constexpr Extent positions{[](const Scope &s) {
  const int64_t side = s.vision().image_size / s.vision().patch_size;
  return side * side + (s.vision().use_cls_token ? 1 : 0);
}};

bool hasClass(const Scope &s) { return s.vision().use_cls_token; }
bool hasPositions(const Scope &s) { return s.vision().use_abs_posemb; }
bool hasPreNorm(const Scope &s) { return s.vision().use_ln_pre; }
bool hasPostNorm(const Scope &s) { return s.vision().use_ln_post; }
bool hasProjectorBias(const Scope &s) { return s.config.projector_bias; }

constexpr std::array inputRules{
    TensorRule{.id = Id::conv1,
               .name = "vision_model.conv1.weight",
               .shape = {&width, &channels, &patch, &patch}},
    TensorRule{.id = Id::classEmbedding,
               .name = "vision_model.class_embedding",
               .shape = {&width},
               .initial = zero,
               .isThere = hasClass},
    TensorRule{.id = Id::positionalEmbedding,
               .name = "vision_model.positional_embedding",
               .shape = {&positions, &width},
               .isThere = hasPositions},
    TensorRule{.id = Id::lnPre,
               .name = "vision_model.ln_pre.weight",
               .shape = {&width},
               .initial = one,
               .isThere = hasPreNorm},
    TensorRule{.id = Id::lnPreBias,
               .name = "vision_model.ln_pre.bias",
               .shape = {&width},
               .initial = zero,
               .isThere = hasPreNorm},
};

constexpr std::array blockRules{
    TensorRule{.id = Id::ln1,
               .name = "vision_model.transformer.resblocks.*.ln_1.weight",
               .shape = {&width},
               .initial = one},
    TensorRule{.id = Id::ln1Bias,
               .name = "vision_model.transformer.resblocks.*.ln_1.bias",
               .shape = {&width},
               .initial = zero},
    TensorRule{.id = Id::inProj,
               .name = "vision_model.transformer.resblocks.*.attn.in_proj_weight",
               .shape = {&threeWidth, &width}},
    TensorRule{.id = Id::inProjBias,
               .name = "vision_model.transformer.resblocks.*.attn.in_proj_bias",
               .shape = {&threeWidth},
               .initial = zero},
    TensorRule{.id = Id::outProj,
               .name = "vision_model.transformer.resblocks.*.attn.out_proj.weight",
               .shape = {&width, &width}},
    TensorRule{.id = Id::outProjBias,
               .name = "vision_model.transformer.resblocks.*.attn.out_proj.bias",
               .shape = {&width},
               .initial = zero},
    TensorRule{.id = Id::ls1,
               .name = "vision_model.transformer.resblocks.*.ls_1.gamma",
               .shape = {&width},
               .initial = layerScale},
    TensorRule{.id = Id::ln2,
               .name = "vision_model.transformer.resblocks.*.ln_2.weight",
               .shape = {&width},
               .initial = one},
    TensorRule{.id = Id::ln2Bias,
               .name = "vision_model.transformer.resblocks.*.ln_2.bias",
               .shape = {&width},
               .initial = zero},
    TensorRule{.id = Id::cFc,
               .name = "vision_model.transformer.resblocks.*.mlp.c_fc.weight",
               .shape = {&mlpWidth, &width}},
    TensorRule{.id = Id::cFcBias,
               .name = "vision_model.transformer.resblocks.*.mlp.c_fc.bias",
               .shape = {&mlpWidth},
               .initial = zero},
    TensorRule{.id = Id::cProj,
               .name = "vision_model.transformer.resblocks.*.mlp.c_proj.weight",
               .shape = {&width, &mlpWidth}},
    TensorRule{.id = Id::cProjBias,
               .name = "vision_model.transformer.resblocks.*.mlp.c_proj.bias",
               .shape = {&width},
               .initial = zero},
    TensorRule{.id = Id::ls2,
               .name = "vision_model.transformer.resblocks.*.ls_2.gamma",
               .shape = {&width},
               .initial = layerScale},
};

constexpr std::array outputRules{
    TensorRule{.id = Id::lnPost,
               .name = "vision_model.ln_post.weight",
               .shape = {&width},
               .initial = one,
               .isThere = hasPostNorm},
    TensorRule{.id = Id::lnPostBias,
               .name = "vision_model.ln_post.bias",
               .shape = {&width},
               .initial = zero,
               .isThere = hasPostNorm},
    TensorRule{.id = Id::downsampler1,
               .name = "vision_model.vit_downsampler1.weight",
               .shape = {&twoWidth, &width, &window, &window}},
    TensorRule{.id = Id::downsampler1Bias,
               .name = "vision_model.vit_downsampler1.bias",
               .shape = {&twoWidth},
               .initial = zero},
    TensorRule{.id = Id::downsampler2,
               .name = "vision_model.vit_downsampler2.weight",
               .shape = {&fourWidth, &twoWidth, &window, &window}},
    TensorRule{.id = Id::downsampler2Bias,
               .name = "vision_model.vit_downsampler2.bias",
               .shape = {&fourWidth},
               .initial = zero},
};

constexpr std::array projectorRules{
    TensorRule{.id = Id::projector,
               .name = "vit_large_projector.weight",
               .shape = {&hidden, &fourWidth},
               .megatron = "image_insert_embedding.align_projector.weight"},
    TensorRule{.id = Id::projectorBias,
               .name = "vit_large_projector.bias",
               .shape = {&hidden},
               .megatron = "image_insert_embedding.align_projector.bias",
               .initial = zero,
               .isThere = hasProjectorBias},
};

} // namespace

std::span<const TensorRule> visionRulesOf(TensorOwner owner) {
  switch (owner) {
  case TensorOwner::visionInput:
    return inputRules;
  case TensorOwner::visionBlock:
    return blockRules;
  case TensorOwner::visionOutput:
    return outputRules;
  case TensorOwner::projector:
    return projectorRules;
  default:
    return {};
  }
}

} // namespace step37
