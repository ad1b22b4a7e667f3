// Builds a kernel's list of arguments with checked extents. Used by the files that define
// `arguments()` of the families: KernelSpec.cpp, LayerArguments.cpp, ExpertArguments.cpp and
// MeshArguments.cpp.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/base/Error.h"

#include <limits>
#include <string>
#include <utility>

namespace step37::spec {

/// A number of elements that remembers an overflow, and the rows that it is made of if `strided`
/// gave it.
struct Count {
  int64_t value;
  bool valid = true;
  int64_t cols = 0, stride = 0; // as in Argument

  Count(int64_t value) : value(value) {}
  friend Count operator*(Count a, Count b) {
    a.valid &= b.valid && !__builtin_mul_overflow(a.value, b.value, &a.value);
    return a;
  }
  friend Count operator+(Count a, Count b) {
    a.valid &= b.valid && !__builtin_add_overflow(a.value, b.value, &a.value);
    return a;
  }
};

/// Elements from the first of a matrix to its last: the last row counts only its columns.
inline Count strided(int64_t rows, int64_t cols, int64_t stride) {
  Count count = Count(rows - 1) * stride + cols;
  if (stride != cols) {
    count.cols = cols;
    count.stride = stride;
  }
  return count;
}

inline int64_t blockCount(int64_t count, int64_t perBlock) { return (count - 1) / perBlock + 1; }

/// Collects arguments in launch order; each call returns the argument's index.
class ArgumentList {
public:
  explicit ArgumentList(std::string_view family) : family(family) {}

  int read(std::string name, DType type, Count elements) {
    return add(std::move(name), Access::read, type, elements, -1);
  }
  int write(std::string name, DType type, Count elements, int inPlaceOf = -1) {
    return add(std::move(name), Access::write, type, elements, inPlaceOf);
  }
  /// Of which only some elements are written.
  int writeSome(std::string name, DType type, Count elements, int inPlaceOf = -1) {
    const int index = write(std::move(name), type, elements, inPlaceOf);
    arguments.back().partial = true;
    return index;
  }
  int readWrite(std::string name, DType type, Count elements) {
    return add(std::move(name), Access::readWrite, type, elements, -1);
  }
  /// prefix0, prefix1, ... of the same extent.
  void readEach(const std::string &prefix, int64_t count, DType type, Count elements) {
    for (int64_t i = 0; i < count; ++i)
      read(prefix + std::to_string(i), type, elements);
  }
  /// An f32 slot.
  int slot(std::string name) { return read(std::move(name), DType::f32, 1); }

  Arguments take() { return std::move(arguments); }

private:
  int add(std::string name, Access access, DType type, Count elements, int inPlaceOf) {
    if (!elements.valid || elements.value > std::numeric_limits<int64_t>::max() / byteSize(type))
      throw Error(std::string(family) + ": the bytes of argument " + name +
                  " do not fit in 64 bits");
    arguments.push_back(
        {std::move(name), access, type, elements.value, inPlaceOf, elements.cols, elements.stride});
    return int(arguments.size()) - 1;
  }

  std::string_view family;
  Arguments arguments;
};

} // namespace step37::spec
