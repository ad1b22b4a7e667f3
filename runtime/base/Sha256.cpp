// Calls of OpenSSL's digest interface. OpenSSL chooses the CPU's instructions for SHA-256, on x86
// and on ARM.
#include "runtime/base/Sha256.h"

#include <openssl/evp.h>

#include <new>
#include <stdexcept>

namespace step37 {
namespace {

/// Digests fail where libcrypto was set up without SHA-256, or is out of memory.
void require(int result) {
  if (result != 1)
    throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

} // namespace

void Sha256::Free::operator()(EVP_MD_CTX *context) const { EVP_MD_CTX_free(context); }

Sha256::Context Sha256::newContext() {
  Context context(EVP_MD_CTX_new());
  if (!context)
    throw std::bad_alloc();
  return context;
}

Sha256::Sha256() : context(newContext()) {
  require(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
}

void Sha256::update(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()));
}

Sha256::Digest Sha256::digest() const {
  const Context copy = newContext(); // to finish a digest ends its context
  Digest result;
  require(EVP_MD_CTX_copy_ex(copy.get(), context.get()));
  require(EVP_DigestFinal_ex(copy.get(), result.data(), nullptr));
  return result;
}

std::string Sha256::hex() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest()) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string sha256Hex(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

std::string sha256Hex(std::string_view text) { return sha256Hex(std::as_bytes(std::span(text))); }

} // namespace step37
