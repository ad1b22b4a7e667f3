// Published tensors to read from, wherever they are: a directory of published weights
// (HfWeights.h) or a rank checkpoint in any layout (RankWeights.h). All that moves weights reads
// through here.
#pragma once

#include "runtime/base/DType.h"
#include "runtime/base/Error.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

/// The bytes of one tensor, row-major. Readable by several threads at once; lives no longer than
/// its WeightSource.
class TensorSource {
public:
  virtual ~TensorSource() = default;

  /// What messages about the tensor start with: "<file>: <name>".
  virtual std::string label() const = 0;

  /// Element type of the bytes that are read.
  virtual DType type() const = 0;

  /// Published spelling of the type in the file; not that of type() where it is dequantised.
  virtual std::string storedType() const = 0;

  /// Copies the bytes from `offset` on. For dequantised tensors both are whole elements.
  virtual void read(int64_t offset, std::span<std::byte> bytes) const = 0;

  /// The same bytes without a copy; empty where they are not together in memory. Valid until
  /// released.
  virtual std::span<const std::byte> mapped(int64_t offset, int64_t count) const { return {}; }

  /// Says that these bytes are needed soon.
  virtual void prefetch(int64_t offset, int64_t count) const {}

  /// Says that these bytes are not needed for now: their pages leave this process' memory.
  virtual void release(int64_t offset, int64_t count) const {}
};

/// A tensor that is there: published name and shape, and the name that the file has for it.
struct ListedTensor {
  std::string name, stored;
  std::vector<int64_t> shape;
  std::string type; // published spelling
  int64_t bytes = 0;
};

/// A tensor is not there at all.
struct MissingTensor : Error {
  using Error::Error;
};

class WeightSource {
public:
  virtual ~WeightSource() = default;

  virtual const std::filesystem::path &path() const = 0;

  /// The tensor of this published name and shape. Throws MissingTensor where it is missing,
  /// Error where it has another shape or elements that are no weights: "<file>: <tensor>: …".
  virtual std::unique_ptr<TensorSource> open(const std::string &name,
                                             const std::vector<int64_t> &shape) const = 0;

  /// All tensors by published name, sorted; experts that are stored one by one as the stack.
  virtual std::vector<ListedTensor> list() const = 0;

  /// A listed tensor as it is stored, whatever its element type: those that step37 lacks as u8.
  virtual std::unique_ptr<TensorSource> openStored(const ListedTensor &tensor) const = 0;

  /// Stored tensors that no tensor of these published names is made of.
  virtual std::vector<ListedTensor>
  beside(const std::set<std::string, std::less<>> &published) const = 0;

  /// Directory with config.json and the files that are no weights.
  virtual std::filesystem::path companions() const = 0;
};

/// Opens either form. Throws Error naming the directory or the file in it that is at fault.
std::unique_ptr<WeightSource> openWeights(const std::filesystem::path &directory);

} // namespace step37
