// The published tensors of a plan's config, as the bridge's table lists them, with what the plan
// does with each: it computes with it, or only carries it and leaves it out of the planned bytes.
#pragma once

#include "bridge/TensorMap.h"
#include "runtime/plan/Plan.h"

#include <string_view>
#include <vector>

namespace step37::report {

enum class TensorUse : uint8_t { trained, frozen, carried };

inline constexpr size_t tensorUseCount = 3;

std::string_view name(TensorUse use);

struct PlannedTensor {
  const MappedTensor *entry;
  std::string_view buffer; // of the parameter that it lives in; empty if carried
  TensorUse use;

  const PublishedTensor &published() const { return entry->published; }
};

/// Every tensor of the table, in its order. Points into both arguments, which outlive it. Throws
/// Error naming a tensor that the plan computes with and the table lacks.
std::vector<PlannedTensor> plannedTensors(const plan::Plan &plan,
                                          const std::vector<MappedTensor> &table);

struct PublishedTotal {
  int64_t tensors = 0, parameters = 0;
  int64_t bytes = 0; // in published types

  void add(const PublishedTensor &tensor);
};

/// Totals of all tensors, or of those of one use.
PublishedTotal total(const std::vector<PlannedTensor> &tensors);
PublishedTotal total(const std::vector<PlannedTensor> &tensors, TensorUse use);

} // namespace step37::report
