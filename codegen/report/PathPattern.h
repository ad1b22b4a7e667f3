// Paths that differ in numbers only are one line of a report.
#pragma once

#include <string>
#include <string_view>

namespace step37::report {

/// Every number that is a whole component of a dotted path as '*': "model.layers.*.mlp".
std::string withoutNumbers(std::string_view path);

} // namespace step37::report
