// See RowMath.h. Compilers vectorise these loops without leave to reorder additions, since sums run
// in separate lanes.
#include "runtime/exec/host/RowMath.h"

#include "runtime/exec/host/InstructionSets.h"

#include <bit>
#include <limits>

namespace step37::host {
namespace {

constexpr int64_t lanes = 16;

/// e^x = 2^k·e^r with |r| ≤ ln(2)/2; e^r = 1 + r + r²·q(r), q the minimax polynomial of degree 4
/// (own fit, relative error 3e-9).
inline float exponential(float x) {
  constexpr float lowest = -87.3365448f; // below it results are not normal
  constexpr float highest = 89.0f;       // from there on they are infinite
  constexpr float log2e = 1.44269504f;
  constexpr float ln2High = 0.693359375f, ln2Low = -2.12194440e-4f; // k·ln2High is exact
  constexpr float shifter = 12582912.0f; // 1.5·2^23: adding it leaves an integer in the low bits
  float bounded = x < lowest ? lowest : x;
  bounded = bounded > highest ? highest : bounded;
  float shifted = bounded * log2e + shifter;
  float k = shifted - shifter;
  float r = (bounded - k * ln2High) - k * ln2Low;
  float q = 1.381454e-3f;
  q = q * r + 8.368745e-3f;
  q = q * r + 4.166839e-2f;
  q = q * r + 1.6666521e-1f;
  q = q * r + 4.9999994e-1f;
  float power = (q * (r * r) + r) + 1.0f;
  // Two factors, since 2^128 is no float.
  int32_t exponent = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(shifter);
  int32_t half = exponent >> 1;
  float scale = std::bit_cast<float>((static_cast<uint32_t>(half) + 127u) << 23);
  float rest = std::bit_cast<float>((static_cast<uint32_t>(exponent - half) + 127u) << 23);
  float result = power * scale * rest;
  return x < lowest ? 0.0f : result;
}

/// Σ term(i) for i in [0, n), in lanes.
template <class Term> inline float sumOf(int64_t n, Term &&term) {
  float sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (int64_t j = 0; j < lanes; ++j)
      sums[j] += term(i + j);
  for (int64_t j = 0; i + j < n; ++j)
    sums[j] += term(i + j);
  for (int64_t width = lanes / 2; width > 0; width /= 2)
    for (int64_t j = 0; j < width; ++j)
      sums[j] += sums[j + width];
  return sums[0];
}

} // namespace

STEP37_FOR_EACH_ISA float rowMax(const float *x, int64_t n) {
  float best[lanes];
  for (float &value : best)
    value = -std::numeric_limits<float>::infinity();
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (int64_t j = 0; j < lanes; ++j)
      best[j] = x[i + j] > best[j] ? x[i + j] : best[j];
  for (; i < n; ++i)
    best[0] = x[i] > best[0] ? x[i] : best[0];
  for (int64_t j = 1; j < lanes; ++j)
    best[0] = best[j] > best[0] ? best[j] : best[0];
  return best[0];
}

STEP37_FOR_EACH_ISA float dot(const float *a, const float *b, int64_t n) {
  return sumOf(n, [a, b](int64_t i) { return a[i] * b[i]; });
}

STEP37_FOR_EACH_ISA float expRow(float *x, int64_t n, float scale, float shift) {
  for (int64_t i = 0; i < n; ++i)
    x[i] = exponential(scale * x[i] - shift);
  return sumOf(n, [x](int64_t i) { return x[i]; });
}

STEP37_FOR_EACH_ISA void sigmoidRow(float *x, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    x[i] = 1.0f / (1.0f + exponential(-x[i]));
}

float sigmoid(float x) {
  sigmoidRow(&x, 1);
  return x;
}

} // namespace step37::host
