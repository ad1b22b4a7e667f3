// SHA-256 after FIPS 180-4, sections 4 to 6: the message schedule and the rounds, once in portable
// code and once with the x86 SHA instructions, chosen at run time.
#include "runtime/base/Sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace step37 {

namespace {

constexpr size_t blockBytes = 64;

/// Fractional parts of the square roots of the first eight primes.
constexpr std::array<uint32_t, 8> initialState{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// Fractional parts of the cube roots of the first 64 primes.
alignas(16) constexpr std::array<uint32_t, 64> roundConstants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

void compressPortable(uint32_t *state, const uint8_t *data, size_t blocks) {
  for (; blocks > 0; --blocks, data += blockBytes) {
    uint32_t w[64];
    for (int t = 0; t < 16; ++t)
      w[t] = static_cast<uint32_t>(data[4 * t]) << 24 |
             static_cast<uint32_t>(data[4 * t + 1]) << 16 |
             static_cast<uint32_t>(data[4 * t + 2]) << 8 | static_cast<uint32_t>(data[4 * t + 3]);
    for (int t = 16; t < 64; ++t) {
      const uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
      const uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (size_t t = 0; t < 64; ++t) {
      const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + roundConstants[t] + w[t];
      const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1;
      d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

#if defined(__x86_64__)

bool hasShaInstructions() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_SSSE3) || !(ecx & bit_SSE4_1))
    return false;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & bit_SHA);
}

__attribute__((target("sha,sse4.1,ssse3"))) void compressShaNi(uint32_t *state, const uint8_t *data,
                                                               size_t blocks) {
  const __m128i bigEndian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  // The instructions hold the state as (a,b,e,f) and (c,d,g,h), a and c in the highest lane.
  __m128i abef = _mm_set_epi32(static_cast<int>(state[0]), static_cast<int>(state[1]),
                               static_cast<int>(state[4]), static_cast<int>(state[5]));
  __m128i cdgh = _mm_set_epi32(static_cast<int>(state[2]), static_cast<int>(state[3]),
                               static_cast<int>(state[6]), static_cast<int>(state[7]));
  for (; blocks > 0; --blocks, data += blockBytes) {
    const __m128i abefBefore = abef, cdghBefore = cdgh;
    __m128i w[4]; // the last sixteen words of the message schedule, four to a register
    for (int i = 0; i < 4; ++i)
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i *>(data + 16 * i)),
                              bigEndian);
    for (size_t t = 0; t < 64; t += 16)
      for (size_t i = 0; i < 4; ++i) {
        const __m128i constants =
            _mm_load_si128(reinterpret_cast<const __m128i *>(roundConstants.data() + t + 4 * i));
        const __m128i sum = _mm_add_epi32(w[i], constants);
        // Two rounds each; the state's halves change places every time.
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
        const __m128i w7 = _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4);
        const __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(w[i], w[(i + 1) % 4]), w7);
        w[i] = _mm_sha256msg2_epu32(partial, w[(i + 3) % 4]);
      }
    abef = _mm_add_epi32(abef, abefBefore);
    cdgh = _mm_add_epi32(cdgh, cdghBefore);
  }
  alignas(16) std::array<uint32_t, 4> feba, hgdc;
  _mm_store_si128(reinterpret_cast<__m128i *>(feba.data()), abef);
  _mm_store_si128(reinterpret_cast<__m128i *>(hgdc.data()), cdgh);
  state[0] = feba[3], state[1] = feba[2], state[4] = feba[1], state[5] = feba[0];
  state[2] = hgdc[3], state[3] = hgdc[2], state[6] = hgdc[1], state[7] = hgdc[0];
}

#endif

} // namespace

Sha256::Sha256(bool portable) : compress(compressPortable), state(initialState), pending() {
#if defined(__x86_64__)
  if (!portable && hasShaInstructions())
    compress = compressShaNi;
#endif
}

void Sha256::update(std::span<const std::byte> bytes) {
  if (bytes.empty())
    return;
  const auto *data = reinterpret_cast<const uint8_t *>(bytes.data());
  size_t left = bytes.size();
  const size_t held = length % blockBytes;
  length += left;
  if (held > 0) {
    const size_t taken = std::min(left, blockBytes - held);
    std::memcpy(pending.data() + held, data, taken);
    data += taken, left -= taken;
    if (held + taken < blockBytes)
      return;
    compress(state.data(), pending.data(), 1);
  }
  compress(state.data(), data, left / blockBytes);
  std::memcpy(pending.data(), data + left / blockBytes * blockBytes, left % blockBytes);
}

Sha256::Digest Sha256::digest() const {
  // The padding: a one bit, zeros, and the length in bits at the end of a block.
  std::array<uint8_t, 2 * blockBytes> tail{};
  const size_t held = length % blockBytes;
  std::memcpy(tail.data(), pending.data(), held);
  tail[held] = 0x80;
  const size_t size = held + 9 <= blockBytes ? blockBytes : 2 * blockBytes;
  for (size_t i = 0; i < 8; ++i)
    tail[size - 1 - i] = static_cast<uint8_t>(length * 8 >> (8 * i));

  std::array<uint32_t, 8> words = state;
  compress(words.data(), tail.data(), size / blockBytes);
  Digest result;
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<uint8_t>(words[i / 4] >> (24 - 8 * (i % 4)));
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
