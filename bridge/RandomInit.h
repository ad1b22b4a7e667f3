// Random initialisation of parameters as published: normal with the deviation that the plan names,
// or zeros (spec/model.md, B.1: norm weights are offsets from one). A value depends on the seed,
// the published tensor's name and the element's index in it only, never on mesh, threads or layout.
#pragma once

#include "runtime/plan/Plan.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace step37 {

/// Elements [first, first + values.size()) of the standard normal sequence of a tensor.
void drawNormal(uint64_t seed, std::string_view tensor, int64_t first, std::span<float> values);

/// Fills a rank's buffer of a parameter, `bytes` of elements of float type `type`: every part's
/// elements are init_std times its normal sequence in f32, then converted; elements of no part and
/// padding are left alone.
void initializeParameter(const plan::Parameter &parameter, uint64_t seed, DType type,
                         std::span<std::byte> bytes, const plan::Mesh &mesh = {}, int64_t rank = 0);

} // namespace step37
