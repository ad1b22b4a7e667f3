// A kernel's buffer arguments as its spec lists them: role, element type, extent. What each family
// takes is in its struct (KernelSpec.h, MeshSpecs.h); which buffers they are is the plan's.
#pragma once

#include "runtime/base/DType.h"

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
  /// Rows of `cols` elements whose starts are `stride` apart; what lies between rows belongs to
  /// others. 0: there are no gaps.
  int64_t cols = 0, stride = 0;
  /// Of a written argument: only some of its elements, which others say.
  bool partial = false;

  /// Elements that the kernel may touch.
  int64_t touched() const {
    return stride == 0 ? elements : ((elements - cols) / stride + 1) * cols;
  }
};

using Arguments = std::vector<Argument>;

} // namespace step37::spec
