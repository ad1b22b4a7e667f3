#include "frontend/config/BatchLimits.h"

#include "runtime/base/Error.h"

#include <algorithm>

namespace step37 {

namespace {

constexpr int64_t maxIndex = INT32_MAX;
// So that the sum of all buffers, whatever their type and number a layer, stays within 64 bits.
constexpr double maxElements = 1e15;

/// Columns of the widest matrix of a layer, siblings stored together. Doubles cannot overflow here,
/// and are exact up to far beyond the limit.
double widestRow(const ModelConfig &config, const std::string &origin) {
  double widest = 0;
  auto add = [&](const char *field, double columns) {
    if (columns > static_cast<double>(maxIndex))
      throw Error(origin + ": " + field + ": makes a matrix of more than " +
                  std::to_string(maxIndex) + " columns");
    widest = std::max(widest, columns);
  };
  add("hidden_size", static_cast<double>(config.hidden));
  add("intermediate_size", 2 * static_cast<double>(config.intermediate));
  add("moe_intermediate_size", 2 * static_cast<double>(config.moe_intermediate));
  add("share_expert_dim", 2 * static_cast<double>(config.shared_intermediate));
  add("moe_num_experts", static_cast<double>(config.experts));
  if (!config.mtp_layers.empty())
    add("hidden_size", 2 * static_cast<double>(config.hidden)); // its two inputs side by side
  std::vector<LayerConfig> layers = config.layers;
  layers.insert(layers.end(), config.mtp_layers.begin(), config.mtp_layers.end());
  for (const LayerConfig &layer : layers) {
    const auto heads = static_cast<double>(layer.heads), groups = static_cast<double>(layer.groups);
    add("num_attention_heads", (heads + 2 * groups) * static_cast<double>(layer.head_dim) + heads);
  }
  return widest;
}

} // namespace

void checkBatch(const ModelConfig &config, const std::string &origin, int64_t microBatch,
                int64_t seqLen) {
  if (seqLen > config.max_positions)
    throw Error(origin + ": max_position_embeddings: is " + std::to_string(config.max_positions) +
                ", less than --seq-len " + std::to_string(seqLen));

  const std::string options =
      "--micro-batch " + std::to_string(microBatch) + ", --seq-len " + std::to_string(seqLen);
  const int64_t slotsOfToken = std::max<int64_t>(config.top_k, 1);
  if (microBatch > maxIndex / slotsOfToken / seqLen)
    throw Error(options + ": more than " + std::to_string(maxIndex) +
                " token slots in a micro-batch" +
                (config.has_moe ? ", with " + std::to_string(config.top_k) + " experts a token"
                                : std::string()) +
                "; choose less");

  const auto slots = static_cast<double>(microBatch * seqLen * slotsOfToken);
  const auto layers = static_cast<double>(config.layers.size() + config.mtp_layers.size() + 1);
  if (slots * widestRow(config, origin) * layers > maxElements)
    throw Error(options + ": more than 10^15 elements of activations; choose less");
}

} // namespace step37
