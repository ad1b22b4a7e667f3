// The published tensors of a config: names, shapes and element types in checkpoint order
// (spec/model.md, section D). The one list behind `show`, the bridge and the frontend's parameters.
#pragma once

#include "frontend/config/ModelConfig.h"

#include <string>
#include <vector>

namespace step37 {

enum class TensorGroup : uint8_t { text, mtp, vision, projector };

struct PublishedTensor {
  std::string name;
  DType type; // bf16 (or the config's type); f32 for router_bias
  std::vector<int64_t> shape;
  TensorGroup group;
};

/// All tensors: 804 for Step-3.5-Flash, 1471 for Step-3.7-Flash. Text first, layer by layer, then
/// MTP layers, final norm and head, vision, projector.
std::vector<PublishedTensor> inventory(const ModelConfig &config);

/// Product of the shape.
int64_t elementCount(const PublishedTensor &tensor);

} // namespace step37
