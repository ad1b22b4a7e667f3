// SHA-256 (FIPS 180-4), incremental and in one call. Uses the CPU's SHA instructions where it has
// them, portable code elsewhere; both give the same digest. It hashes plan headers, blobs, configs
// and checkpoint files; it is not a password hash.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace step37 {

class Sha256 {
public:
  using Digest = std::array<uint8_t, 32>;

  /// `portable` keeps to the portable code, so that tests reach it on every machine.
  explicit Sha256(bool portable = false);

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }

  /// The digest of everything so far; more may follow.
  Digest digest() const;

  /// The same as 64 lower-case hex digits.
  std::string hex() const;

private:
  using Compress = void (*)(uint32_t *state, const uint8_t *data, size_t blocks);

  Compress compress;
  std::array<uint32_t, 8> state;
  std::array<uint8_t, 64> pending; // the bytes after the last full block
  uint64_t length = 0;             // of everything so far, in bytes
};

/// Hex digest of the bytes.
std::string sha256Hex(std::span<const std::byte> bytes);
std::string sha256Hex(std::string_view text);

} // namespace step37
