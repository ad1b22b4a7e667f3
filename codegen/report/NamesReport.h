// The bridge's table of tensors, for people: every tensor, or every kind of tensor.
#pragma once

#include "bridge/TensorMap.h"

#include <string>
#include <vector>

namespace step37::report {

/// "self_attn.qkvg_proj.weight (q)": the plan's parameter, and the place in it if it is packed.
std::string parameterText(const MappedTensor &tensor);

/// A line a tensor, Megatron-Core's names on demand, and the totals.
std::string namesText(const std::vector<MappedTensor> &table, bool megatron);

/// A Markdown table with a row for tensors whose names differ in numbers only.
std::string kindsMarkdown(const std::vector<MappedTensor> &table);

} // namespace step37::report
