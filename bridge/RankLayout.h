// The local tensors of a rank in each layout: the plan's own, and Megatron-Core's two forms of the
// attention gate. Which tensors there are is TensorMap.h; moving the bytes is TensorFiles.h.
#pragma once

#include "bridge/Slice.h"
#include "bridge/TensorMap.h"
#include "runtime/plan/Plan.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

/// plan: the plan's parameters; attention rows of rank r are [q_r; k_r; v_r; gate_r], gated
/// projections [gate_r; up_r], experts stacked.
/// megatron: Megatron-Core's names; attention rows are, for each of the rank's groups, its query
/// heads, key, value; then the rank's gate rows (head_wise_attn_gate). Experts are single tensors.
/// megatronExpanded: the same for attention_output_gate: for each group its query heads, the gate
/// row of each of them head_dim times, key, value.
enum class Layout : uint8_t { plan, megatron, megatronExpanded };

/// "plan", "megatron", "megatron-expanded", and back.
std::string_view name(Layout layout);
std::optional<Layout> parseLayout(std::string_view text);

struct LocalTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<Slice> slices; // elements of none of them are zero

  int64_t elements() const;
};

/// Ranks that hold different tensors: the smallest multiple of tp that ep·etp divides. Rank r is tp
/// rank r mod tp, etp rank r mod etp, ep rank (r / etp) mod ep.
int64_t distinctRanks(const plan::Mesh &mesh);

/// Throws Error naming the first tensor that the mesh cannot share out evenly.
void checkMesh(const TensorMap &map, const plan::Mesh &mesh);

/// The tensors of a rank, in inventory order. The mesh has been checked.
std::vector<LocalTensor> localTensors(const TensorMap &map, Layout layout, const plan::Mesh &mesh,
                                      int64_t rank);

} // namespace step37
