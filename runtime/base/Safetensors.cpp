// Element types and the open file. The header is read in SafetensorsHeader.cpp, files are written
// in SafetensorsWriter.cpp.
#include "runtime/base/Safetensors.h"

#include "runtime/base/Error.h"
#include "runtime/base/SafetensorsTypes.h"

namespace step37::safetensors {

std::string_view publishedName(DType type) {
  for (const PublishedType &published : publishedTypes)
    if (published.type == type)
      return published.name;
  return {};
}

int64_t Tensor::elements() const {
  int64_t product = 1;
  for (const int64_t dimension : shape)
    product *= dimension;
  return product;
}

std::optional<DType> Tensor::type() const { return findType(dtype)->type; }

File::File(const std::filesystem::path &path)
    : file(path), header(parse(file.text(), path.string())) {
  for (size_t i = 0; i < header.tensors.size(); ++i)
    index.emplace(header.tensors[i].name, i);
}

const Tensor *File::find(std::string_view name) const {
  const auto found = index.find(name);
  return found == index.end() ? nullptr : &header.tensors[found->second];
}

const Tensor &File::at(std::string_view name) const {
  if (const Tensor *tensor = find(name))
    return *tensor;
  throw Error(path().string() + ": " + std::string(name) + ": no such tensor in this file");
}

DType File::type(const Tensor &tensor) const {
  if (const auto type = tensor.type())
    return *type;
  throw Error(path().string() + ": " + tensor.name + ": element type " + tensor.dtype +
              " is not supported");
}

std::span<const std::byte> File::bytes(const Tensor &tensor) const {
  return file.bytes().subspan(static_cast<size_t>(tensor.offset),
                              static_cast<size_t>(tensor.bytes));
}

} // namespace step37::safetensors
