// Reads a safetensors header and believes nothing in it.
#include "runtime/base/CheckedSize.h"
#include "runtime/base/Error.h"
#include "runtime/base/Safetensors.h"
#include "runtime/base/SafetensorsTypes.h"
#include "runtime/base/StrictJson.h"

#include <algorithm>
#include <tuple>

namespace step37::safetensors {

namespace {

using nlohmann::json;

/// Reads the entries of one header; knows the names for messages.
class HeaderReader {
public:
  /// `dataOffset`: where the tensors' bytes start in the file; `dataBytes`: how many there are.
  HeaderReader(const std::string &origin, int64_t dataOffset, int64_t dataBytes)
      : origin(origin), dataOffset(dataOffset), dataBytes(dataBytes) {}

  Header read(const json &document) const {
    Header header;
    for (const auto &[name, entry] : document.items()) {
      if (name == "__metadata__")
        header.metadata = readMetadata(entry);
      else
        header.tensors.push_back(readTensor(name, entry));
    }
    checkLayout(header.tensors);
    return header;
  }

private:
  [[noreturn]] void fail(const std::string &name, const std::string &what) const {
    throw Error(origin + ": " + name + ": " + what);
  }

  Metadata readMetadata(const json &entry) const {
    if (!entry.is_object())
      fail("__metadata__", "is not an object");
    Metadata metadata;
    for (const auto &[key, value] : entry.items()) {
      if (!value.is_string())
        fail("__metadata__", "the value of '" + key + "' is not a string");
      metadata[key] = value.get<std::string>();
    }
    return metadata;
  }

  /// A list of non-negative integers.
  std::vector<int64_t> readIntegers(const std::string &name, const json &entry,
                                    const char *key) const {
    const json &list = entry.at(key);
    if (!list.is_array())
      fail(name, std::string(key) + " is not a list");
    std::vector<int64_t> values;
    for (const json &element : list) {
      if (!element.is_number_unsigned() || element.get<uint64_t>() > INT64_MAX)
        fail(name, std::string(key) + " holds " + element.dump(-1, ' ', true) +
                       ", which is no size or offset");
      values.push_back(element.get<int64_t>());
    }
    return values;
  }

  Tensor readTensor(const std::string &name, const json &entry) const {
    if (!entry.is_object())
      fail(name, "its entry is not an object");
    for (const char *key : {"dtype", "shape", "data_offsets"})
      if (!entry.contains(key))
        fail(name, std::string(key) + " is missing");
    if (entry.size() != 3)
      fail(name, "its entry has keys beside dtype, shape and data_offsets");
    if (!entry["dtype"].is_string())
      fail(name, "dtype is not a string");

    Tensor tensor{name, entry["dtype"].get<std::string>(), readIntegers(name, entry, "shape")};
    const PublishedType *type = findType(tensor.dtype);
    if (!type)
      fail(name, "unknown dtype '" + tensor.dtype + "'");
    const std::optional<int64_t> bits = checkedProduct(tensor.shape, type->bits);
    if (!bits)
      fail(name, "the size of its shape is beyond 64 bits");
    if (*bits % 8 != 0)
      fail(name, "its elements do not fill whole bytes");
    tensor.bytes = *bits / 8;

    const std::vector<int64_t> range = readIntegers(name, entry, "data_offsets");
    if (range.size() != 2)
      fail(name, "data_offsets is not a pair");
    if (range[0] > range[1])
      fail(name, "data_offsets end before they begin");
    if (range[1] > dataBytes)
      fail(name, "data_offsets end at " + std::to_string(range[1]) + ", the file's data at " +
                     std::to_string(dataBytes) + " (is the file truncated?)");
    if (range[1] - range[0] != tensor.bytes)
      fail(name, "data_offsets span " + std::to_string(range[1] - range[0]) +
                     " bytes, shape and dtype need " + std::to_string(tensor.bytes));
    tensor.offset = dataOffset + range[0];
    return tensor;
  }

  /// Puts the tensors in the order of their bytes, which must follow each other without a gap.
  void checkLayout(std::vector<Tensor> &tensors) const {
    std::sort(tensors.begin(), tensors.end(), [](const Tensor &a, const Tensor &b) {
      return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
    });
    int64_t end = dataOffset;
    for (const Tensor &tensor : tensors) {
      if (tensor.offset < end)
        fail(tensor.name, "its bytes overlap those of another tensor");
      if (tensor.offset > end)
        fail(tensor.name,
             std::to_string(tensor.offset - end) + " bytes before it belong to no tensor");
      end += tensor.bytes;
    }
    if (const int64_t rest = dataOffset + dataBytes - end; rest > 0)
      throw Error(origin + ": " + std::to_string(rest) + " bytes at the end belong to no tensor");
  }

  const std::string &origin;
  int64_t dataOffset, dataBytes;
};

} // namespace

Header parse(std::string_view bytes, const std::string &origin) {
  constexpr size_t lengthBytes = 8;
  if (bytes.size() < lengthBytes)
    throw Error(origin + ": " + std::to_string(bytes.size()) +
                " bytes are too few for a safetensors file");
  uint64_t length = 0;
  for (size_t i = 0; i < lengthBytes; ++i)
    length |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  if (length > static_cast<uint64_t>(maxHeaderBytes))
    throw Error(origin + ": not a safetensors file: its header would be " + std::to_string(length) +
                " bytes long");
  if (length > bytes.size() - lengthBytes)
    throw Error(origin + ": the header is " + std::to_string(length) +
                " bytes long, the file has " + std::to_string(bytes.size() - lengthBytes) +
                " after its length (is it truncated?)");
  const std::string_view text = bytes.substr(lengthBytes, length);
  if (!text.starts_with('{'))
    throw Error(origin + ": not a safetensors file: its header is not a JSON object");

  const json document = parseStrictJson(text, origin + ": header");
  const auto dataOffset = static_cast<int64_t>(lengthBytes + length);
  return HeaderReader(origin, dataOffset, static_cast<int64_t>(bytes.size()) - dataOffset)
      .read(document);
}

} // namespace step37::safetensors
