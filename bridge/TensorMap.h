// The one table of a model's tensors: published name ↔ parameter of a plan ↔ Megatron-Core name,
// with shape, how ranks share it and what it is packed with (spec/model.md, D.1 to D.5). Importer,
// exporter and `step37c names` read it; the rows that a rank gets of each tensor are RankLayout.h.
#pragma once

#include "frontend/config/Inventory.h"
#include "runtime/plan/Plan.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

/// How the ranks of a mesh share a tensor. "Rows" are the dimension before the last one, "columns"
/// the last one; experts are the first of three.
enum class Sharding : uint8_t {
  replicated,
  column,       // rows over tp
  row,          // columns over tp
  vocabulary,   // rows over tp, zero rows at the end where tp does not divide them
  expertColumn, // experts over ep, rows of each over etp
  expertRow,    // experts over ep, columns of each over etp
};

/// The place of a tensor in the parameter that it is packed into.
enum class Packing : uint8_t { alone, query, key, value, headGate, gate, up };

struct MappedTensor {
  PublishedTensor published;
  std::string parameter; // the plan's name: its own, or that of the pack
  std::string megatron;  // Megatron-Core's; experts are one tensor each there: "….weight*"
  Sharding sharding = Sharding::replicated;
  Packing packing = Packing::alone;
  int64_t heads = 0, groups = 0, headDim = 0; // of its layer; for query, key, value, headGate

  bool stacksExperts() const {
    return sharding == Sharding::expertColumn || sharding == Sharding::expertRow;
  }
};

class TensorMap {
public:
  explicit TensorMap(ModelConfig config);

  const ModelConfig &config() const { return modelConfig; }

  /// In inventory order.
  const std::vector<MappedTensor> &tensors() const { return mapped; }

  /// Index of the tensor of this published name, or -1.
  int find(std::string_view published) const;

private:
  ModelConfig modelConfig;
  std::vector<MappedTensor> mapped;
  std::map<std::string, int, std::less<>> byName;
};

/// The table of a plan's config. `origin` names the plan in messages. Throws Error where the plan
/// has no config, or a wrong one.
TensorMap tensorMapOf(const plan::Plan &plan, const std::string &origin);

/// "replicated", "column", … as `names` prints them.
std::string_view name(Sharding sharding);
/// "", "q", "k", "v", "head gate", "gate", "up".
std::string_view name(Packing packing);

/// Of the stacked tensor `….moe.gate_proj.weight`: `….moe.experts.E.gate_proj.weight`, as some
/// checkpoints store it; empty for tensors that stack no experts.
std::string expertTensorName(std::string_view stacked, int64_t expert);

/// One expert's tensor that is stored by itself.
struct SingleExpert {
  std::string stacked; // the stack that it belongs to
  int64_t expert = 0;
};

/// The inverse of expertTensorName; empty for other names, "experts.07" and the like among them.
std::optional<SingleExpert> parseExpertName(std::string_view name);

} // namespace step37
