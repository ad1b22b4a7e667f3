// The table of tensors (frontend/config/TensorTable.h) for one model: published name ↔ parameter of
// a plan ↔ Megatron-Core name, with shape, how ranks share it and what it is packed with
// (docs/model.md, D.1 to D.5). Importer, exporter and `step37c names` read it; the rows that a rank
// gets of each tensor are RankLayout.h.
#pragma once

#include "frontend/config/Inventory.h"
#include "runtime/plan/Plan.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

struct MappedTensor {
  PublishedTensor published;
  std::string parameter; // the plan's name: its own, or that of the pack
  std::string megatron;  // Megatron-Core's; experts are one tensor each there: "….weight*"
  Sharing sharing = Sharing::replicated;
  PackPlace place = PackPlace::alone;
  int64_t heads = 0, groups = 0, headDim = 0; // of its layer; for query, key, value, headGate

  bool stacksExperts() const {
    return sharing == Sharing::expertColumn || sharing == Sharing::expertRow;
  }
};

class TensorMap {
public:
  explicit TensorMap(ModelConfig config);

  const ModelConfig &config() const { return modelConfig; }

  /// In inventory order.
  const std::vector<MappedTensor> &tensors() const { return list; }

  /// Index of the tensor of this published name, or -1.
  int find(std::string_view published) const;

private:
  ModelConfig modelConfig;
  std::vector<MappedTensor> list;
  std::map<std::string, int, std::less<>> byName;
};

/// The table of a plan's config. `origin` names the plan in messages. Throws Error where the plan
/// has no config, or a wrong one.
TensorMap tensorMapOf(const plan::Plan &plan, const std::string &origin);

} // namespace step37
