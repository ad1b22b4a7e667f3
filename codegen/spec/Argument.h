// The buffers that a kernel takes, as its spec says them. Used by all specs; KernelSpec.h has the
// list of them.
#pragma once

#include "runtime/plan/DType.h"

#include <cstdint>
#include <string>
#include <vector>

namespace step37::spec {

enum class Access : uint8_t { read, write, readWrite };

/// One buffer argument of a kernel: its role, element type and the extent in elements that the
/// kernel may touch from the argument's first element on (strides included).
struct Argument {
  std::string name;
  Access access;
  DType type;
  int64_t elements;
  /// Index of a read argument whose storage this written argument may share (same element at the
  /// same time), or -1.
  int inPlaceOf = -1;
};

using Arguments = std::vector<Argument>;

} // namespace step37::spec
