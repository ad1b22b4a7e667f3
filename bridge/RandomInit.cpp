// Box-Muller over Philox; see RandomInit.h.
#include "bridge/RandomInit.h"

#include "bridge/PartRuns.h"
#include "bridge/Philox.h"
#include "bridge/WorkItems.h"
#include "runtime/base/FloatConversion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

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

/// Elements [first, first + count) of a part's published tensor, as far as a rank has them, into
/// the parameter's buffer.
void fillRange(const plan::Part &part, const PartRuns &runs, uint64_t seed, DType type,
               std::span<std::byte> bytes, int64_t first, int64_t count) {
  const int64_t size = byteSize(type);
  std::array<float, 1024> chunk{};
  runs.forEach(first, count, [&](int64_t published, int64_t buffer, int64_t run) {
    for (int64_t begin = 0; begin < run; begin += std::ssize(chunk)) {
      const std::span<float> values(
          chunk.data(), static_cast<size_t>(std::min<int64_t>(std::ssize(chunk), run - begin)));
      drawScaled(part, seed, published + begin, values);
      convertFloats(values, type,
                    bytes.subspan(static_cast<size_t>((buffer + begin) * size),
                                  values.size() * static_cast<size_t>(size)));
    }
  });
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

void initializeParameter(const plan::Parameter &parameter, uint64_t seed, DType type,
                         std::span<std::byte> bytes, const plan::Mesh &mesh, int64_t rank) {
  constexpr int64_t range = 1 << 18; // elements that one thread takes at a time
  for (const plan::Part &part : parameter.parts) {
    const int64_t elements =
        checkPart(parameter, part, static_cast<int64_t>(bytes.size()) / byteSize(type), mesh);
    const PartRuns runs(part, mesh, rank);
    auto fill = [&](int64_t index, int) {
      fillRange(part, runs, seed, type, bytes, index * range,
                std::min(range, elements - index * range));
    };
    const int64_t ranges = (elements + range - 1) / range;
    if (ranges > 1)
      runItems(ranges, copyThreads(), fill, [] {});
    else if (ranges == 1)
      fill(0, 0);
  }
}

} // namespace step37
