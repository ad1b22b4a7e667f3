// Text from a format of printf: numbers with a width and a precision, in one expression.
#pragma once

#include <cstdio>
#include <string>

namespace step37 {

template <class... Values> std::string printed(const char *format, Values... values) {
  const int length = std::snprintf(nullptr, 0, format, values...);
  std::string text(static_cast<size_t>(length) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, values...);
  text.pop_back();
  return text;
}

} // namespace step37
