// The published tensors of a config: names, shapes and element types in checkpoint order
// (docs/model.md, section D), and what a plan and Megatron-Core make of each. The one list behind
// `show`, the bridge and the frontend's parameters; the declarations are TensorTable.h.
#pragma once

#include "frontend/config/TensorTable.h"

#include <string>
#include <string_view>
#include <vector>

namespace step37 {

enum class TensorGroup : uint8_t { text, mtp, vision, projector };

struct PublishedTensor {
  std::string name;
  DType type; // bf16 (or the config's type); f32 for router_bias
  std::vector<int64_t> shape;
  TensorGroup group;
  const TensorRule *rule = nullptr; // its declaration
  TensorOwner owner = TensorOwner::input;
  int64_t index = 0; // of its layer or block
};

/// All tensors: 804 for Step-3.5-Flash, 1471 for Step-3.7-Flash. Text first, layer by layer, then
/// MTP layers, final norm and head, vision, projector.
std::vector<PublishedTensor> inventory(const ModelConfig &config);

/// Product of the shape.
int64_t elementCount(const PublishedTensor &tensor);

/// Extent::dim of each dimension; empty where none has a name.
std::vector<std::string_view> logicalDims(const PublishedTensor &tensor);

/// The parameter of a plan that a tensor is packed into, or "".
std::string packName(const PublishedTensor &tensor);

/// The tensor's name in Megatron-Core.
std::string megatronName(const ModelConfig &config, const PublishedTensor &tensor);

/// Random initialisation as published: normal of this deviation around the mean; 0: the mean.
struct InitialDistribution {
  double deviation = 0, mean = 0;
};
InitialDistribution initialDistribution(const ModelConfig &config, const PublishedTensor &tensor);

} // namespace step37
