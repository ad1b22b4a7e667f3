// How the files of a set are numbered.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace step37 {

/// "00044".
inline std::string fiveDigits(int64_t number) {
  constexpr size_t digits = 5;
  const std::string text = std::to_string(number);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

} // namespace step37
