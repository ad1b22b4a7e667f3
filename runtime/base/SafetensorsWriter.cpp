// Lays tensors out, writes the header, then takes their bytes in order.
#include "runtime/base/CheckedSize.h"
#include "runtime/base/Safetensors.h"
#include "runtime/base/SafetensorsTypes.h"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <tuple>

namespace step37::safetensors {

namespace {

int64_t byteCount(const TensorSpec &tensor) {
  return checkedProduct(tensor.shape, byteSize(tensor.type)).value();
}

} // namespace

void sortTensors(std::vector<TensorSpec> &tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorSpec &a, const TensorSpec &b) {
    return std::tuple(-byteSize(a.type), std::string_view(a.name)) <
           std::tuple(-byteSize(b.type), std::string_view(b.name));
  });
}

std::string headerBytes(const std::vector<TensorSpec> &tensors, const Metadata &metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty())
    header["__metadata__"] = metadata;
  int64_t offset = 0;
  for (const TensorSpec &tensor : tensors) {
    const int64_t end = offset + byteCount(tensor);
    assert(!header.contains(tensor.name) && "a name twice");
    nlohmann::ordered_json &entry = header[tensor.name];
    entry["dtype"] = publishedName(tensor.type);
    entry["shape"] = tensor.shape;
    entry["data_offsets"] = {offset, end};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(text.size() >> (8 * i));
  return bytes + text;
}

Writer::Writer(const std::filesystem::path &path, std::vector<TensorSpec> tensors, Order order,
               const Metadata &metadata, Hashing hashing)
    : specs(std::move(tensors)), file(path, hashing) {
  if (order == Order::sorted)
    sortTensors(specs);
  file.write(headerBytes(specs, metadata));
  remaining = specs.empty() ? 0 : byteCount(specs.front());
  skipComplete();
}

void Writer::skipComplete() {
  while (current < specs.size() && remaining == 0)
    if (++current < specs.size())
      remaining = byteCount(specs[current]);
}

void Writer::write(std::string_view name, std::span<const std::byte> bytes) {
  if (bytes.empty())
    return;
  assert(current < specs.size() && specs[current].name == name && "not this tensor's turn");
  assert(static_cast<int64_t>(bytes.size()) <= remaining && "more bytes than the tensor has");
  file.write(bytes);
  remaining -= static_cast<int64_t>(bytes.size());
  skipComplete();
}

void Writer::commit() {
  assert(current == specs.size() && "a tensor is incomplete");
  file.commit();
}

} // namespace step37::safetensors
