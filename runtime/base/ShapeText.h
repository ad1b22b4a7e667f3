// A shape as messages and reports write it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace step37 {

/// "[2, 3, 4]"; "[]" for a scalar.
inline std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text;
  for (const int64_t extent : shape)
    text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

} // namespace step37
