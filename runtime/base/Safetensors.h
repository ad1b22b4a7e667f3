// Safetensors files: eight bytes of little-endian header length, a JSON header, the tensors' bytes
// one after another. Reading lists and checks everything in the header before any tensor is
// touched; writing streams tensors into an AtomicFile. Which tensors a model needs, and converting
// their elements, is bridge/ and runtime/base/FloatConversion.h.
#pragma once

#include "runtime/base/AtomicFile.h"
#include "runtime/base/DType.h"
#include "runtime/base/MappedFile.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace step37::safetensors {

/// The header may be this long at most, in bytes: the limit of the published format.
inline constexpr int64_t maxHeaderBytes = 100'000'000;

using Metadata = std::map<std::string, std::string>;

/// A tensor as the file lists it.
struct Tensor {
  std::string name;
  std::string dtype; // the published spelling: "BF16"; also those that step37::DType lacks
  std::vector<int64_t> shape;
  int64_t offset = 0; // of its first byte, from the start of the file; not aligned in general
  int64_t bytes = 0;

  int64_t elements() const;
  /// Empty where dtype is a published one that step37 has no use for.
  std::optional<DType> type() const;
};

struct Header {
  std::vector<Tensor> tensors; // in the order of their bytes
  Metadata metadata;
};

/// Parses and checks a whole file's bytes: header length, JSON, duplicate and unknown keys, dtypes,
/// shape × dtype against the byte range, and that the ranges follow each other without gap or
/// overlap up to the file's end. Throws Error: "<origin>: <tensor>: what is wrong".
Header parse(std::string_view bytes, const std::string &origin);

/// Published spelling of an element type.
std::string_view publishedName(DType type);

/// An open file.
class File {
public:
  explicit File(const std::filesystem::path &path);

  const std::filesystem::path &path() const { return file.path(); }
  const std::vector<Tensor> &tensors() const { return header.tensors; }
  const Metadata &metadata() const { return header.metadata; }

  /// The tensor of this name, or null.
  const Tensor *find(std::string_view name) const;

  /// The tensor of this name. Throws Error where there is none.
  const Tensor &at(std::string_view name) const;

  /// Its element type. Throws Error where that is a published one that step37 has no use for.
  DType type(const Tensor &tensor) const;

  /// Its bytes, row-major, valid as long as this File.
  std::span<const std::byte> bytes(const Tensor &tensor) const;

private:
  MappedFile file;
  Header header;
  std::map<std::string_view, size_t> index; // by name, into header.tensors
};

/// A tensor to be written.
struct TensorSpec {
  std::string name;
  DType type = DType::f32;
  std::vector<int64_t> shape;
};

/// given: as listed. sorted: wide elements first, then by name, as the reference library does (so
/// that every tensor is aligned to its element).
enum class Order : uint8_t { given, sorted };

/// Puts tensors in the order that `sorted` means.
void sortTensors(std::vector<TensorSpec> &tensors);

/// What a file of these tensors, in this order, has before their bytes: length and header, padded
/// with spaces so that the data starts at a multiple of eight.
std::string headerBytes(const std::vector<TensorSpec> &tensors, const Metadata &metadata);

/// Streams tensors to a file that appears when commit() returns.
class Writer {
public:
  Writer(const std::filesystem::path &path, std::vector<TensorSpec> tensors,
         Order order = Order::given, const Metadata &metadata = {{"format", "pt"}},
         Hashing hashing = Hashing::off);

  /// The tensors in the order in which write() takes their bytes.
  const std::vector<TensorSpec> &tensors() const { return specs; }

  /// Appends the next bytes of tensor `name`, which is the one that is not complete yet (in pieces
  /// of any size, never across two tensors). Throws Error naming the file where writing fails.
  void write(std::string_view name, std::span<const std::byte> bytes);

  /// Syncs and names the file; every tensor is complete.
  void commit();

  /// Hex SHA-256 of the file; after commit(), with Hashing::on.
  std::string sha256() const { return file.sha256(); }

private:
  std::vector<TensorSpec> specs;
  size_t current = 0;    // tensor being written
  int64_t remaining = 0; // bytes it still lacks
  AtomicFile file;

  void skipComplete();
};

} // namespace step37::safetensors
