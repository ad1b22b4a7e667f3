// Rotary frequencies of a layer. RoPE's base and scaling appear here and nowhere later.
#pragma once

#include "frontend/config/ModelConfig.h"

#include <vector>

namespace step37 {

/// f_i = theta^(−2i/r) for i < r/2, r the rotary dimension; with `scaled`, smoothed by the layer's
/// llama3 scaling if it has one (docs/model.md B.2, 3 and 4).
std::vector<double> ropeFrequencies(const LayerConfig &layer, bool scaled);

} // namespace step37
