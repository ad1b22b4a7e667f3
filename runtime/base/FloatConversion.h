// Conversions between f32 and the narrow float types, bit for bit and over spans. Rounding is to
// nearest, ties to even; NaN stays NaN and infinities stay infinite where the type has them. All
// branches are selects, so that the loops vectorise. Sizes and names of the types are in DType.h.
#pragma once

#include "runtime/base/DType.h"

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace step37 {

inline float bf16ToFloat(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

inline uint16_t floatToBf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t quietNan = (bits >> 16) | 0x40u;
  return static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? quietNan : rounded);
}

inline float f16ToFloat(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fffu) << 13;
  // The exponent field is 112 too small; the product repairs it, for subnormals too.
  const float finite = std::bit_cast<float>(magnitude) * 0x1p112f;
  const uint32_t special = magnitude | 0x7f800000u;
  const uint32_t result = magnitude >= 0x0f800000u ? special : std::bit_cast<uint32_t>(finite);
  return std::bit_cast<float>(result | sign);
}

inline uint16_t floatToF16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7fffffffu;
  const uint32_t normal = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  // 0.5 has the spacing of f16's subnormals, 2^-24: the addition rounds to it.
  const uint32_t subnormal =
      std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
  const uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
  const uint32_t overflow =
      magnitude > 0x7f800000u ? 0x7e00u | (magnitude >> 13 & 0x3ffu) : 0x7c00u;
  const uint32_t result = magnitude >= 0x477ff000u ? overflow : finite; // from 65520 on
  return static_cast<uint16_t>(result | ((bits >> 16) & 0x8000u));
}

/// f8e4m3 is the variant without infinities ("fn"): largest value 448, NaN is 0x7f or 0xff.
inline float f8e4m3ToFloat(uint8_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x80u) << 24;
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fu) << 20;
  const float finite = std::bit_cast<float>(magnitude) * 0x1p120f;
  const uint32_t result = magnitude == 0x07f00000u ? 0x7fc00000u : std::bit_cast<uint32_t>(finite);
  return std::bit_cast<float>(result | sign);
}

/// What rounds beyond 448 becomes NaN; scale before where saturation is wanted.
inline uint8_t floatToF8e4m3(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7fffffffu;
  const uint32_t normal = (magnitude - (120u << 23) + 0x7ffffu + ((magnitude >> 20) & 1u)) >> 20;
  // 2^14 has the spacing of f8e4m3's subnormals, 2^-9.
  const uint32_t subnormal =
      std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0x1p14f) - 0x46800000u;
  const uint32_t finite = magnitude < 0x3c800000u ? subnormal : normal;
  const uint32_t result = magnitude > 0x43e80000u ? 0x7fu : finite; // beyond 464
  return static_cast<uint8_t>(result | ((bits >> 24) & 0x80u));
}

namespace conversion {

/// How an element of a float type is stored, and its value as f32. f64 is rounded to f32 on the
/// way.
template <DType type> struct Element;
template <> struct Element<DType::f32> {
  using Storage = float;
  static float load(float value) { return value; }
  static float store(float value) { return value; }
};
template <> struct Element<DType::f64> {
  using Storage = double;
  static float load(double value) { return static_cast<float>(value); }
  static double store(float value) { return value; }
};
template <> struct Element<DType::bf16> {
  using Storage = uint16_t;
  static float load(uint16_t bits) { return bf16ToFloat(bits); }
  static uint16_t store(float value) { return floatToBf16(value); }
};
template <> struct Element<DType::f16> {
  using Storage = uint16_t;
  static float load(uint16_t bits) { return f16ToFloat(bits); }
  static uint16_t store(float value) { return floatToF16(value); }
};
template <> struct Element<DType::f8e4m3> {
  using Storage = uint8_t;
  static float load(uint8_t bits) { return f8e4m3ToFloat(bits); }
  static uint8_t store(float value) { return floatToF8e4m3(value); }
};

/// memcpy, since tensors in files are not aligned.
template <DType from, DType to>
void convertElements(const std::byte *source, std::byte *target, size_t count) {
  using Source = typename Element<from>::Storage;
  using Target = typename Element<to>::Storage;
  for (size_t i = 0; i < count; ++i) {
    Source value;
    std::memcpy(&value, source + i * sizeof(Source), sizeof(Source));
    const Target converted = Element<to>::store(Element<from>::load(value));
    std::memcpy(target + i * sizeof(Target), &converted, sizeof(Target));
  }
}

/// Calls visitor.template operator()<type>() for a float type.
template <class Visitor> void dispatchFloat(DType type, Visitor &&visitor) {
  switch (type) {
  case DType::f32:
    return visitor.template operator()<DType::f32>();
  case DType::f64:
    return visitor.template operator()<DType::f64>();
  case DType::bf16:
    return visitor.template operator()<DType::bf16>();
  case DType::f16:
    return visitor.template operator()<DType::f16>();
  case DType::f8e4m3:
    return visitor.template operator()<DType::f8e4m3>();
  case DType::i32:
  case DType::i64:
  case DType::u8:
    break;
  }
  assert(false && "an integer type is never converted");
}

} // namespace conversion

/// True for the types that convertFloats takes.
constexpr bool isFloat(DType type) {
  return type != DType::i32 && type != DType::i64 && type != DType::u8;
}

/// Converts elements of one float type to another; the spans hold the same number of elements and
/// do not overlap. Equal types are copied bit for bit.
inline void convertFloats(DType from, std::span<const std::byte> source, DType to,
                          std::span<std::byte> target) {
  const size_t count = source.size() / static_cast<size_t>(byteSize(from));
  assert(source.size() == count * static_cast<size_t>(byteSize(from)) &&
         target.size() == count * static_cast<size_t>(byteSize(to)) && "sizes do not match");
  if (from == to) {
    if (count > 0)
      std::memcpy(target.data(), source.data(), source.size());
    return;
  }
  conversion::dispatchFloat(from, [&]<DType fromType>() {
    conversion::dispatchFloat(to, [&]<DType toType>() {
      conversion::convertElements<fromType, toType>(source.data(), target.data(), count);
    });
  });
}

/// The same into and out of f32.
inline void convertFloats(DType from, std::span<const std::byte> source, std::span<float> target) {
  convertFloats(from, source, DType::f32, std::as_writable_bytes(target));
}
inline void convertFloats(std::span<const float> source, DType to, std::span<std::byte> target) {
  convertFloats(DType::f32, std::as_bytes(source), to, target);
}

} // namespace step37
