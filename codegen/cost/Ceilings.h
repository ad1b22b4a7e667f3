// What devices can do at most: what profiles and predictions measure kernels by.
#pragma once

#include <string>

namespace step37::report {

/// What a device can do at most, a second, and where the figures are from. Zeros: not known.
struct Ceilings {
  double tensor = 0; // bf16 products on tensor cores, operations
  double f32 = 0;    // f32 products, operations
  double memory = 0; // bytes
  std::string source;
};

/// Of a device by its name; all zeros for one that nobody has measured.
Ceilings ceilingsOf(const std::string &device);

} // namespace step37::report
