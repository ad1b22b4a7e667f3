// Walks the table of tensors for a config; see Inventory.h.
#include "frontend/config/Inventory.h"

#include <utility>

namespace step37 {

namespace {

class Lister {
public:
  explicit Lister(const ModelConfig &config) : config(config) {}

  /// The owner's tensors, those of layer or block `index`.
  void add(TensorOwner owner, TensorGroup group, int64_t index = 0,
           const LayerConfig *layer = nullptr) {
    const TensorScope scope{config, layer};
    for (const TensorRule &rule : rulesOf(owner)) {
      if (!rule.isThere(scope))
        continue;
      PublishedTensor tensor{.name = numbered(rule.name, index),
                             .type = rule.selects ? DType::f32 : config.type,
                             .shape = {},
                             .group = group,
                             .rule = &rule,
                             .owner = owner,
                             .index = index};
      for (const Extent *extent : rule.shape)
        if (extent)
          tensor.shape.push_back(extent->count(scope));
      tensors.push_back(std::move(tensor));
    }
  }

  std::vector<PublishedTensor> tensors;

private:
  const ModelConfig &config;
};

} // namespace

std::vector<PublishedTensor> inventory(const ModelConfig &config) {
  Lister list(config);
  list.add(TensorOwner::input, TensorGroup::text);
  int64_t index = 0;
  for (const LayerConfig &layer : config.layers)
    list.add(TensorOwner::layer, TensorGroup::text, index++, &layer);
  for (const LayerConfig &layer : config.mtp_layers) {
    list.add(TensorOwner::layer, TensorGroup::mtp, index, &layer);
    list.add(TensorOwner::mtpLayer, TensorGroup::mtp, index++, &layer);
  }
  list.add(TensorOwner::output, TensorGroup::text);
  if (config.vision) {
    list.add(TensorOwner::visionInput, TensorGroup::vision);
    for (int64_t block = 0; block < config.vision->layers; ++block)
      list.add(TensorOwner::visionBlock, TensorGroup::vision, block);
    list.add(TensorOwner::visionOutput, TensorGroup::vision);
    list.add(TensorOwner::projector, TensorGroup::projector);
  }
  return std::move(list.tensors);
}

int64_t elementCount(const PublishedTensor &tensor) {
  int64_t count = 1;
  for (int64_t extent : tensor.shape)
    count *= extent;
  return count;
}

std::vector<std::string_view> logicalDims(const PublishedTensor &tensor) {
  std::vector<std::string_view> dims;
  bool named = false;
  for (const Extent *extent : tensor.rule->shape)
    if (extent) {
      dims.push_back(extent->dim);
      named |= !extent->dim.empty();
    }
  if (!named)
    dims.clear();
  return dims;
}

std::string packName(const PublishedTensor &tensor) {
  return numbered(tensor.rule->pack, tensor.index);
}

std::string megatronName(const ModelConfig &config, const PublishedTensor &tensor) {
  if (tensor.rule->megatron.empty())
    return tensor.name;
  const std::string name(tensor.rule->megatron);
  const std::string text = config.isMultimodal() ? "language_model." : "";
  const auto layers = static_cast<int64_t>(config.layers.size());
  const std::string mtp = text + "mtp.layers." + std::to_string(tensor.index - layers) + '.';
  switch (tensor.owner) {
  case TensorOwner::input:
  case TensorOwner::output:
    return text + name;
  case TensorOwner::layer:
    if (tensor.group == TensorGroup::mtp)
      return mtp + "mtp_model_layer." + name;
    return text + "decoder.layers." + std::to_string(tensor.index) + '.' + name;
  case TensorOwner::mtpLayer:
    return mtp + name;
  default:
    return name;
  }
}

InitialDistribution initialDistribution(const ModelConfig &config, const PublishedTensor &tensor) {
  constexpr double deviation = 0.02;
  switch (tensor.rule->initial) {
  case InitialValue::normal:
    return {deviation, 0};
  case InitialValue::zero:
    break;
  case InitialValue::one:
    return {0, 1};
  case InitialValue::layerScale:
    return {0, config.vision->layer_scale_init};
  }
  return {};
}

} // namespace step37
