// Box-Muller over Philox; see RandomInit.h.
#include "bridge/RandomInit.h"

#include "bridge/Philox.h"
#include "bridge/WorkItems.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace step37 {

namespace {

/// FNV-1a, 64 bits.
uint64_t hash(std::string_view text) {
  uint64_t value = 0xcbf29ce484222325;
  for (const char c : text)
    value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return value;
}

/// The upper 53 bits of two words as a number in (0, 1].
double unit(uint32_t high, uint32_t low) {
  const uint64_t bits = (uint64_t{high} << 32 | low) >> 11;
  return static_cast<double>(bits + 1) * 0x1p-53;
}

/// Elements 2·pair and 2·pair + 1 of a sequence. In double: the last bits of libm do not show.
std::array<float, 2> normalPair(uint64_t seed, uint64_t stream, uint64_t pair) {
  const auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  const auto high = [](uint64_t value) { return static_cast<uint32_t>(value >> 32); };
  const PhiloxCounter bits =
      philox({low(pair), high(pair), low(stream), high(stream)}, {low(seed), high(seed)});
  const double radius = std::sqrt(-2 * std::log(unit(bits[0], bits[1])));
  const double angle = 2 * std::numbers::pi * unit(bits[2], bits[3]);
  return {static_cast<float>(radius * std::cos(angle)),
          static_cast<float>(radius * std::sin(angle))};
}

/// Elements [first, first + values.size()) of a part's initial values.
void drawScaled(const plan::Part &part, uint64_t seed, int64_t first, std::span<float> values) {
  const auto mean = static_cast<float>(part.init_mean);
  if (part.init_std == 0) {
    std::fill(values.begin(), values.end(), mean);
    return;
  }
  drawNormal(seed, part.name, first, values);
  for (float &value : values)
    value = value * static_cast<float>(part.init_std) + mean;
}

/// The ranges cut and grouped, so that a group is work for a thread.
std::vector<std::vector<ElementRange>> groupsOf(std::span<const ElementRange> ranges) {
  constexpr int64_t groupElements = 1 << 16;
  std::vector<std::vector<ElementRange>> groups;
  int64_t left = 0; // that the last group still takes
  for (ElementRange range : ranges)
    while (range.count > 0) {
      if (left == 0) {
        groups.emplace_back();
        left = groupElements;
      }
      const int64_t count = std::min(left, range.count);
      groups.back().push_back({range.first, count});
      range = {range.first + count, range.count - count};
      left -= count;
    }
  return groups;
}

} // namespace

void drawNormal(uint64_t seed, std::string_view tensor, int64_t first, std::span<float> values) {
  const uint64_t stream = hash(tensor);
  const auto begin = static_cast<uint64_t>(first), end = begin + values.size();
  for (uint64_t pair = begin / 2; 2 * pair < end; ++pair) {
    const std::array<float, 2> drawn = normalPair(seed, stream, pair);
    for (uint64_t i = 0; i < 2; ++i)
      if (2 * pair + i >= begin && 2 * pair + i < end)
        values[2 * pair + i - begin] = drawn[i];
  }
}

PartValues initialValues(const plan::Part &part, uint64_t seed) {
  return {DType::f32,
          [&part, seed](std::span<const ElementRange> ranges, std::span<std::byte> bytes) {
            const std::span values(reinterpret_cast<float *>(bytes.data()),
                                   bytes.size() / sizeof(float));
            const std::vector<std::vector<ElementRange>> groups = groupsOf(ranges);
            const auto draw = [&](int64_t group, int) {
              for (const ElementRange &range : groups[static_cast<size_t>(group)])
                drawScaled(part, seed, range.first,
                           values.subspan(static_cast<size_t>(range.first - ranges.front().first),
                                          static_cast<size_t>(range.count)));
            };
            if (groups.size() > 1)
              runItems(std::ssize(groups), copyThreads(), draw, [] {});
            else
              draw(0, 0);
          }};
}

} // namespace step37
