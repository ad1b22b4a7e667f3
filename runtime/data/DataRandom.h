// Random draws for data: each is a function of the seed and of what it is drawn for, so that what a
// step sees does not depend on how the run got there.
#pragma once

#include "bridge/Philox.h"

#include <cstdint>

namespace step37 {

/// Draw number `index` for `purpose` (a sample, an epoch): uniform in [0, bound), bound > 0, up to
/// a bias of bound / 2^64.
constexpr uint64_t randomBelow(uint64_t seed, uint64_t purpose, uint64_t index, uint64_t bound) {
  auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  auto high = [](uint64_t value) { return static_cast<uint32_t>(value >> 32); };
  PhiloxCounter bits =
      philox({low(index), high(index), low(purpose), high(purpose)}, {low(seed), high(seed)});
  return (uint64_t{bits[1]} << 32 | bits[0]) % bound;
}

} // namespace step37
