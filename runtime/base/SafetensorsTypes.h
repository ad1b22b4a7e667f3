// The element types that safetensors files may hold, by published name. Not for other rooms: they
// see step37::DType.
#pragma once

#include "runtime/base/DType.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace step37::safetensors {

struct PublishedType {
  std::string_view name;
  int64_t bits;
  std::optional<DType> type; // empty: can be listed, not used
};

inline constexpr std::array<PublishedType, 22> publishedTypes{{
    {"F32", 32, DType::f32}, {"BF16", 16, DType::bf16},
    {"F16", 16, DType::f16}, {"F64", 64, DType::f64},
    {"I32", 32, DType::i32}, {"I64", 64, DType::i64},
    {"U8", 8, DType::u8},    {"F8_E4M3", 8, DType::f8e4m3},
    {"BOOL", 8, {}},         {"I8", 8, {}},
    {"I16", 16, {}},         {"U16", 16, {}},
    {"U32", 32, {}},         {"U64", 64, {}},
    {"C64", 64, {}},         {"F8_E5M2", 8, {}},
    {"F8_E8M0", 8, {}},      {"F8_E4M3FNUZ", 8, {}},
    {"F8_E5M2FNUZ", 8, {}},  {"F6_E2M3", 6, {}},
    {"F6_E3M2", 6, {}},      {"F4", 4, {}},
}};

/// The type of this published name, or null.
constexpr const PublishedType *findType(std::string_view name) {
  for (const PublishedType &type : publishedTypes)
    if (type.name == name)
      return &type;
  return nullptr;
}

} // namespace step37::safetensors
