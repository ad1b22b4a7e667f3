// A Step-3.5 or Step-3.7 config.json as typed, checked values: both spellings of every field
// resolved to one, per-layer lists cut to the layers, defaults filled in (docs/model.md, section
// A). Free of MLIR: the bridge and `step37c names` use it without the compiler. What the values
// mean as a computation is frontend/; the list of published tensors is Inventory.h.
#pragma once

#include "runtime/base/DType.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

/// llama3 smoothing of RoPE frequencies (docs/model.md B.2, 4).
struct RopeScaling {
  double factor = 1, low_freq_factor = 1, high_freq_factor = 1;
  int64_t original_max_position_embeddings = 0;

  bool operator==(const RopeScaling &) const = default;
};

/// One decoder layer, or one multi-token-prediction layer.
struct LayerConfig {
  bool sliding = false;
  int64_t heads = 0, groups = 0, head_dim = 0;
  int64_t window = 0; // the config's sliding_window (keys, own one included); 0 on full layers
  bool use_rope = true;
  int64_t rotary_dim = 0; // int(head_dim · partial_rotary_factor)
  double rope_theta = 0;
  std::optional<RopeScaling> rope_scaling; // only on the layer types it applies to
  bool moe = false;
  double swiglu_limit = 0;        // routed experts; 0 = none
  double swiglu_limit_shared = 0; // shared expert and dense MLP; 0 = none

  bool operator==(const LayerConfig &) const = default;
};

struct VisionConfig {
  int64_t width = 0, layers = 0, heads = 0, mlp_width = 0, num_channels = 3, image_size = 0,
          patch_size = 0;
  double layer_norm_eps = 1e-5, rope_theta = 10000, layer_scale_init = 0.1;
  bool use_cls_token = false, use_ln_pre = true, use_ln_post = false, use_abs_posemb = true,
       use_rope2d = true;

  bool operator==(const VisionConfig &) const = default;
};

/// Of Step-3.5, which is a language model, and of Step-3.7, which has one, in its first checkpoints
/// by an older name.
inline constexpr const char *languageType = "step3p5", *multimodalType = "step3p7",
                            *olderMultimodalType = "step3p5v";

struct ModelConfig {
  std::string model_type; // one of the two
  DType type = DType::bf16;
  int64_t hidden = 0, intermediate = 0, vocab = 0;
  int64_t max_positions = 0;
  double rms_norm_eps = 1e-5;
  bool use_qk_norm = true, use_head_gate = true;
  bool has_moe = false;
  int64_t experts = 0, top_k = 0, moe_intermediate = 0,
          shared_intermediate = 0; // shared 0: no shared expert
  bool router_bias = true, router_softmax = false, norm_expert_weight = true;
  double router_scale = 1;
  std::vector<LayerConfig> layers;     // num_hidden_layers of them
  std::vector<LayerConfig> mtp_layers; // num_nextn_predict_layers of them, dense
  std::optional<VisionConfig> vision;  // multimodal only
  bool projector_bias = false;
  int64_t image_token = -1; // multimodal: id of the placeholder
  std::vector<int64_t> eos_tokens;
  std::optional<int64_t> bos_token, pad_token; // for other readers of a saved config only

  /// Its language model is one part of it: the config has a text_config, Megatron-Core a prefix.
  bool isMultimodal() const { return model_type == multimodalType; }

  bool operator==(const ModelConfig &) const = default;
};

/// Parses config text. `origin` names the file in messages. Throws Error: "<origin>: <field>: …".
ModelConfig parseModelConfig(std::string_view text, const std::string &origin);

/// Reads `path`, a config.json or a directory that holds one.
struct LoadedConfig {
  ModelConfig config;
  std::string origin; // the file, for messages
};
LoadedConfig loadModelConfig(const std::filesystem::path &path);

} // namespace step37
