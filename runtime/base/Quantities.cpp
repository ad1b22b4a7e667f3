#include "runtime/base/Quantities.h"

#include <array>
#include <cstdio>

namespace step37 {

std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  const size_t first = digits.front() == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;)
    digits.insert(at -= 3, ",");
  return digits;
}

std::string readableBytes(int64_t bytes) {
  constexpr std::array<const char *, 3> units{"KiB", "MiB", "GiB"};
  if (bytes < 1024)
    return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit)
    value /= 1024;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.2f %s", value, units[unit]);
  return text.data();
}

std::string counted(int64_t number, const std::string &noun) {
  return grouped(number) + " " + noun + (number == 1 ? "" : "s");
}

} // namespace step37
