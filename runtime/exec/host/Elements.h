// Element access of the host twins: storage is f32 or bf16, arithmetic is f32, a store rounds once
// to nearest even. `withType` turns a spec's element type into a C++ type.
#pragma once

#include "runtime/base/DType.h"
#include "runtime/base/FloatConversion.h"

#include <cassert>
#include <cstdint>

namespace step37::host {

/// Storage of one bf16 element.
struct BFloat16 {
  uint16_t bits;
};

inline float load(const float *from) { return *from; }
inline float load(const BFloat16 *from) { return bf16ToFloat(from->bits); }

inline void store(float *to, float value) { *to = value; }
inline void store(BFloat16 *to, float value) { to->bits = floatToBf16(value); }

/// The value that a store to T keeps.
template <class T> float rounded(float value) {
  T stored;
  store(&stored, value);
  return load(&stored);
}

/// Rows of `count` elements to and from f32; source and target do not overlap.
void loadRow(const float *from, int64_t count, float *to);
void loadRow(const BFloat16 *from, int64_t count, float *to);
void storeRow(const float *from, int64_t count, float *to);
void storeRow(const float *from, int64_t count, BFloat16 *to);

/// Calls body(T{}) with T = float or BFloat16: withType(spec.type, [&](auto zero) { using T =
/// decltype(zero); ... }). Specs allow no other type in arithmetic.
template <class Body> void withType(DType type, Body &&body) {
  assert(type == DType::f32 || type == DType::bf16);
  if (type == DType::f32)
    body(float{});
  else
    body(BFloat16{});
}

} // namespace step37::host
