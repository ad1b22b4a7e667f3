// The published tensors of a plan's config, in the plan's order: those that it computes with, and
// those that it only carries and leaves out of the planned bytes.
#pragma once

#include "runtime/plan/Plan.h"

#include <string_view>
#include <vector>

namespace step37::report {

enum class TensorUse : uint8_t { trained, frozen, carried };

inline constexpr size_t tensorUseCount = 3;

std::string_view name(TensorUse use);

struct PublishedTensor {
  std::string_view name;
  DType type; // published
  const std::vector<int64_t> *shape;
  std::string_view buffer; // of the parameter that it lives in; empty if carried
  TensorUse use;

  int64_t elements() const;
};

/// Points into the plan, which outlives it.
std::vector<PublishedTensor> publishedTensors(const plan::Plan &plan);

struct PublishedTotal {
  int64_t tensors = 0, parameters = 0;
  int64_t bytes = 0; // in published types

  void add(const PublishedTensor &tensor);
};

/// Totals of all tensors, or of those of one use.
PublishedTotal total(const std::vector<PublishedTensor> &tensors);
PublishedTotal total(const std::vector<PublishedTensor> &tensors, TensorUse use);

} // namespace step37::report
