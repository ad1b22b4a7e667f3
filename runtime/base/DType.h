// Element types of buffers and tensors, and their sizes in bytes. The only place that knows that
// bf16 is two bytes. Used by the plan file, kernel specs, the runtime and the bridge.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace step37 {

enum class DType : uint8_t { f32, bf16, f16, f64, i32, i64, u8, f8e4m3 };

struct DTypeInfo {
  std::string_view name;
  int64_t bytes;
};

inline constexpr std::array<DTypeInfo, 8> dtypeTable{{{"f32", 4},
                                                      {"bf16", 2},
                                                      {"f16", 2},
                                                      {"f64", 8},
                                                      {"i32", 4},
                                                      {"i64", 8},
                                                      {"u8", 1},
                                                      {"f8e4m3", 1}}};

/// Bytes of one element.
constexpr int64_t byteSize(DType type) { return dtypeTable[static_cast<size_t>(type)].bytes; }

/// The plan's spelling.
constexpr std::string_view name(DType type) { return dtypeTable[static_cast<size_t>(type)].name; }

/// Inverse of `name`; empty for anything else.
constexpr std::optional<DType> parseDType(std::string_view text) {
  for (size_t i = 0; i < dtypeTable.size(); ++i)
    if (dtypeTable[i].name == text)
      return static_cast<DType>(i);
  return std::nullopt;
}

} // namespace step37
