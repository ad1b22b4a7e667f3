#include "codegen/report/PathPattern.h"

#include <algorithm>
#include <cctype>

namespace step37::report {

std::string withoutNumbers(std::string_view path) {
  std::string result;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const std::string_view component = path.substr(begin, end - begin);
    const bool isNumber =
        !component.empty() && std::all_of(component.begin(), component.end(),
                                          [](unsigned char c) { return std::isdigit(c) != 0; });
    if (begin > 0)
      result += '.';
    result += isNumber ? "*" : component;
    begin = end + 1;
  }
  return result;
}

} // namespace step37::report
