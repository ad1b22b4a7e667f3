// The hash of the blocks of a rank checkpoint: finds damage, not malice. It is as fast as memory,
// where SHA-256 would cost more than all the rest of a copy.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace step37 {

/// Eight lanes each take a 64-bit word of every 64 bytes, by operations that can be undone: bytes
/// that differ in one word never have the same hash. The lanes are then mixed, with the length.
inline uint64_t blockHash(std::span<const std::byte> bytes) {
  // Odd, so that a product with them can be undone: 2^64 over the golden ratio, and pi's digits.
  constexpr uint64_t golden = 0x9E3779B97F4A7C15, pi = 0x243F6A8885A308D3;
  constexpr int spread = 31;
  const auto take = [](uint64_t state, uint64_t word) {
    return std::rotl(state + word * golden, spread) * pi;
  };
  std::array<uint64_t, 8> lanes{1, 2, 3, 4, 5, 6, 7, 8};
  const uint64_t length = bytes.size();
  for (; bytes.size() >= sizeof(lanes); bytes = bytes.subspan(sizeof(lanes))) {
    std::array<uint64_t, 8> words;
    std::memcpy(words.data(), bytes.data(), sizeof(words));
    for (size_t lane = 0; lane < lanes.size(); ++lane)
      lanes[lane] = take(lanes[lane], words[lane]);
  }
  std::array<uint64_t, 8> rest{};
  if (!bytes.empty())
    std::memcpy(rest.data(), bytes.data(), bytes.size());
  uint64_t hash = length;
  for (size_t lane = 0; lane < lanes.size(); ++lane)
    hash = take(take(hash, lanes[lane]), rest[lane]);
  hash = (hash ^ hash >> 32) * golden;
  return hash ^ hash >> 32;
}

/// As sixteen lower-case hex digits.
inline std::string blockHashText(std::span<const std::byte> bytes) {
  uint64_t hash = blockHash(bytes);
  std::string text(16, '0');
  for (size_t digit = text.size(); digit-- > 0; hash >>= 4)
    text[digit] = "0123456789abcdef"[hash & 15];
  return text;
}

} // namespace step37
