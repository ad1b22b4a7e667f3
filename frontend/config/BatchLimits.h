// Whether a model and the static shape of a micro-batch are within what plans can count: token
// slots in 32 bits, bytes in 64. Checked before anything is multiplied.
#pragma once

#include "frontend/config/ModelConfig.h"

#include <string>

namespace step37 {

/// Throws Error naming the option or, with `origin`, the config's field: for a row longer than
/// max_position_embeddings, for more than 2^31 - 1 slots (tokens times the experts of a token), for
/// a matrix with as many columns, and for activations of more than 10^15 elements.
void checkBatch(const ModelConfig &config, const std::string &origin, int64_t microBatch,
                int64_t seqLen);

} // namespace step37
