// Random initialisation of parameters as published: normal with the deviation that the plan names,
// or zeros (docs/model.md, B.1: norm weights are offsets from one). A value depends on the seed,
// the published tensor's name and the element's index in it only, never on mesh, threads or layout.
#pragma once

#include "bridge/PartMover.h"
#include "runtime/plan/Plan.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace step37 {

/// Elements [first, first + values.size()) of the standard normal sequence of a tensor.
void drawNormal(uint64_t seed, std::string_view tensor, int64_t first, std::span<float> values);

/// What a part begins with, in f32: init_std times its normal sequence around init_mean. The part
/// outlives the values.
PartValues initialValues(const plan::Part &part, uint64_t seed);

} // namespace step37
