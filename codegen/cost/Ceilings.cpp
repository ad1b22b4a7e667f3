#include "codegen/cost/Ceilings.h"

namespace step37::report {

Ceilings ceilingsOf(const std::string &device) {
  // A product of 8192³ on random numbers with cuBLASLt, and a copy on the device, both measured on
  // an H200; f32 from its data sheet.
  if (device == "NVIDIA H200")
    return {790e12, 67e12, 4.3e12, "measured on an H200, f32 from its data sheet"};
  if (device == "NVIDIA H100 80GB HBM3")
    return {989e12, 67e12, 3.35e12, "data sheet of the H100"};
  return {};
}

} // namespace step37::report
