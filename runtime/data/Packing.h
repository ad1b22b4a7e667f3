// Which samples share a row: greedy, contiguous packing, as the published training code has it
// (docs/model.md, sections E.4, G.1 and G.2).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace step37 {

/// What becomes of a sample that is longer than a pack may be.
enum class Overlong : uint8_t {
  drop,  // it is left out
  extend // it becomes a pack of its own
};

/// Samples first … first + count − 1.
struct Pack {
  int64_t first = 0, count = 0;
  bool operator==(const Pack &) const = default;
};

struct Packing {
  std::vector<Pack> packs;
  int64_t dropped = 0;
};

/// Adds samples to a pack in their order while it holds at most `maxLength` in all. No sample is
/// split or moved; one that is longer ends the pack before it, whatever becomes of it.
Packing packSamples(std::span<const int64_t> lengths, int64_t maxLength, Overlong overlong);

} // namespace step37
