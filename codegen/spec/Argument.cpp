#include "codegen/spec/Argument.h"

#include "runtime/base/Error.h"

#include <limits>
#include <utility>

namespace step37::spec {

void ArgumentList::push(std::string name, const Entry &entry) {
  const Count &elements = entry.elements;
  if (!elements.valid ||
      elements.value > std::numeric_limits<int64_t>::max() / byteSize(entry.type))
    throw Error(std::string(family) + ": the bytes of argument " + name + " do not fit in 64 bits");
  const int shared = entry.inPlace.empty() ? -1 : indexOf(entry.inPlace);
  all.push_back({std::move(name), entry.access, entry.type, elements.value, shared, elements.cols,
                 elements.stride, entry.partial});
}

void ArgumentList::add(const Entry &entry) {
  declared.push_back(
      {entry.name, entry.access, entry.type, false, all.size(), entry.exists ? 1u : 0u});
  if (entry.exists)
    push(std::string(entry.name), entry);
}

void ArgumentList::each(std::string_view name, DType type, Count elements, int64_t count) {
  declared.push_back({name, Access::read, type, true, all.size(), static_cast<size_t>(count)});
  for (int64_t i = 0; i < count; ++i)
    push(std::string(name) + std::to_string(i), {name, Access::read, type, elements});
}

void ArgumentList::each(std::string_view name, DType type, const std::vector<int64_t> &sizes) {
  declared.push_back({name, Access::read, type, true, all.size(), sizes.size()});
  for (size_t i = 0; i < sizes.size(); ++i)
    push(std::string(name) + std::to_string(i), {name, Access::read, type, sizes[i]});
}

int ArgumentList::indexOf(std::string_view name) const {
  for (const Declaration &declaration : declared)
    if (declaration.name == name)
      return declaration.count > 0 ? static_cast<int>(declaration.first) : -1;
  assert(false && "an argument shares storage with an earlier one");
  return -1;
}

} // namespace step37::spec
