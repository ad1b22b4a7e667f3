// See TensorMap.h.
#include "bridge/TensorMap.h"

#include "runtime/base/Error.h"

namespace step37 {

namespace {

MappedTensor mapped(const ModelConfig &config, PublishedTensor published) {
  MappedTensor tensor;
  const TensorRule &rule = *published.rule;
  tensor.parameter = rule.pack.empty() ? published.name : packName(published);
  tensor.megatron = megatronName(config, published);
  tensor.sharing = sharingOf(rule);
  tensor.place = rule.place;
  if (published.owner == TensorOwner::layer || published.owner == TensorOwner::mtpLayer) {
    const auto index = static_cast<size_t>(published.index);
    const LayerConfig &layer = index < config.layers.size()
                                   ? config.layers[index]
                                   : config.mtp_layers[index - config.layers.size()];
    tensor.heads = layer.heads;
    tensor.groups = layer.groups;
    tensor.headDim = layer.head_dim;
  }
  tensor.published = std::move(published);
  return tensor;
}

} // namespace

TensorMap::TensorMap(ModelConfig config) : modelConfig(std::move(config)) {
  for (PublishedTensor &published : inventory(modelConfig)) {
    byName.emplace(published.name, static_cast<int>(list.size()));
    list.push_back(mapped(modelConfig, std::move(published)));
  }
}

int TensorMap::find(std::string_view published) const {
  const auto found = byName.find(published);
  return found == byName.end() ? -1 : found->second;
}

TensorMap tensorMapOf(const plan::Plan &plan, const std::string &origin) {
  const plan::Blob *config = plan.findBlob("config.json");
  if (!config)
    throw Error(origin + ": has no config.json");
  return TensorMap(parseModelConfig(config->bytes, origin + ": config.json"));
}

} // namespace step37
