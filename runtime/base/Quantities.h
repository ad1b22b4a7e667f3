// Numbers as a person reads them. JSON reports have the plain numbers.
#pragma once

#include <cstdint>
#include <string>

namespace step37 {

/// With a comma before every three digits: "199,384,301,376".
std::string grouped(int64_t number);

/// In the largest binary unit that leaves at least 1, two decimals: "371.39 GiB", "1.00 KiB". Up to
/// GiB, so that the sizes of a large plan compare at a glance; below 1 KiB whole bytes, "12 B".
std::string readableBytes(int64_t bytes);

/// "1 step", "2,000 steps".
std::string counted(int64_t number, const std::string &noun);

} // namespace step37
