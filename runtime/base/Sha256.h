// SHA-256 (FIPS 180-4), incremental and in one call, from OpenSSL's libcrypto. It hashes plan
// headers, blobs, configs and checkpoint files; it is not a password hash.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st; // OpenSSL's EVP_MD_CTX; its headers stay out of this one

namespace step37 {

class Sha256 {
public:
  using Digest = std::array<uint8_t, 32>;

  Sha256();

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }

  /// The digest of everything so far; more may follow.
  Digest digest() const;

  /// The same as 64 lower-case hex digits.
  std::string hex() const;

private:
  struct Free {
    void operator()(evp_md_ctx_st *context) const;
  };
  using Context = std::unique_ptr<evp_md_ctx_st, Free>;

  static Context newContext();

  Context context;
};

/// Hex digest of the bytes.
std::string sha256Hex(std::span<const std::byte> bytes);
std::string sha256Hex(std::string_view text);

} // namespace step37
