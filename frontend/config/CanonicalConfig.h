// The inverse of parseModelConfig: a model as a complete config.json. However a config was spelled,
// the same model gives the same text here, so that a plan and its hash depend on the model only;
// the text is also the config.json of saved checkpoints.
#pragma once

#include "frontend/config/ModelConfig.h"

#include <string>

namespace step37 {

/// A config.json in the published schema (docs/model.md, A.1 and A.2), per-layer lists padded by
/// the MTP layers; parseModelConfig of it gives `config` again. Where layers of one type differ in
/// their heads, or both types scale RoPE differently, which the published fields cannot say, it has
/// transformers' per_layer_config and rope_parameters.
std::string canonicalConfig(const ModelConfig &config);

} // namespace step37
