// Names of the enumerations, and look-ups by name.
#include "runtime/plan/Plan.h"

#include <algorithm>
#include <array>

namespace step37::plan {

namespace {

/// Index of the element of this name, or -1.
template <class Element> int indexOf(const std::vector<Element> &elements, std::string_view name) {
  const auto found = std::find_if(elements.begin(), elements.end(),
                                  [&](const Element &element) { return element.name == name; });
  return found == elements.end() ? -1 : static_cast<int>(found - elements.begin());
}

/// The element of this name, or null.
template <class Element>
const Element *find(const std::vector<Element> &elements, std::string_view name) {
  const int index = indexOf(elements, name);
  return index < 0 ? nullptr : &elements[static_cast<size_t>(index)];
}

int64_t productOf(const std::vector<int64_t> &shape) {
  int64_t product = 1;
  for (const int64_t dimension : shape)
    product *= dimension;
  return product;
}

} // namespace

int64_t Buffer::elements() const { return productOf(shape); }

int64_t SavedActivation::bytes() const { return productOf(shape) * byteSize(type); }

int Target::findBuffer(std::string_view name) const { return indexOf(buffers, name); }

int Target::findProgram(std::string_view name) const { return indexOf(programs, name); }

const Target *Plan::findTarget(std::string_view name) const { return find(targets, name); }

const Blob *Plan::findBlob(std::string_view name) const { return find(blobs, name); }

const std::string &Parameter::state(std::string_view role) const {
  static const std::string none;
  for (const ParameterState &state : states)
    if (state.role == role)
      return state.buffer;
  return none;
}

int64_t Plan::imageBytes(const Target &target) const {
  int64_t bytes = 0;
  for (const Kernel &kernel : target.kernels)
    if (const Blob *image = findBlob(kernel.image))
      bytes += static_cast<int64_t>(image->bytes.size());
  return bytes;
}

std::string_view name(BufferClass cls) {
  constexpr std::array<std::string_view, bufferClassCount> names{
      "parameter", "state", "scalar", "input", "output", "temporary"};
  return names[static_cast<size_t>(cls)];
}

std::string_view name(BufferKind kind) {
  constexpr std::array<std::string_view, bufferKindCount> names{
      "weights", "gradients", "optimizer", "activations", "workspace", "io"};
  return names[static_cast<size_t>(kind)];
}

std::string_view name(StepKind kind) {
  constexpr std::array<std::string_view, stepKindCount> names{"launch", "gemm", "collective"};
  return names[static_cast<size_t>(kind)];
}

} // namespace step37::plan
