// The parts of a config that have a file of their own; called by ModelConfig.cpp only. Each takes
// the object that holds its fields and throws Error naming file and field.
#pragma once

#include "frontend/config/ConfigReader.h"
#include "frontend/config/ModelConfig.h"

#include <vector>

namespace step37::config {

/// Rotary embedding of one layer.
struct LayerRope {
  double theta = 0;
  double partial_factor = 1; // of head_dim
  std::optional<RopeScaling> scaling;
};

/// RopeConfig.cpp. The rotary embedding of every layer, MTP layers last. `sliding[l]` is layer l's
/// type; `root` is the whole config, whose own scaling counts if `text` has none (older step3p7).
std::vector<LayerRope> readRope(const Field &root, const Field &text,
                                const std::vector<bool> &sliding, LayerCounts counts);

/// LayerConfigs.cpp. Fills config.layers, config.mtp_layers and config.has_moe.
void readLayers(const Field &root, const Field &text, ModelConfig &config);

/// VisionConfig.cpp. The vision tower of a step3p7 config.
VisionConfig readVision(const Field &vision);

} // namespace step37::config
