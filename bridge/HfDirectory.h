// A directory of published weights, read-only: DIR/model.safetensors.index.json and the shards it
// names, or DIR/model.safetensors; nothing else in DIR is opened. Tensors are found under their
// published names, also where the directory uses a known other packaging. Putting them into a
// plan's parameters is PartMover.h.
#pragma once

#include "runtime/base/Safetensors.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

/// A tensor where it is stored. Lives as long as its HfDirectory.
struct StoredTensor {
  const safetensors::File *file = nullptr;
  const safetensors::Tensor *tensor = nullptr;

  /// "<file>: <name in the file>", what messages start with.
  std::string label() const;
  std::span<const std::byte> bytes() const { return file->bytes(*tensor); }
};

class HfDirectory {
public:
  /// Opens and checks the directory. Throws Error naming the file where it holds no weights, a
  /// shard is missing or lacks a tensor that the index promises, a file leads outside of the
  /// directory, or a tensor is there twice (in two shards, or under two names that mean the same).
  /// Files may be links into the `blobs` beside `snapshots`, as the Hub's cache has them.
  explicit HfDirectory(std::filesystem::path path);

  const std::filesystem::path &path() const { return directory; }

  /// The tensor of this published name, or null.
  const StoredTensor *find(std::string_view name) const;

  /// All tensors by published name. With an index, only those that it lists.
  const std::map<std::string, StoredTensor, std::less<>> &tensors() const { return byName; }

private:
  /// Throws Error where it is, but leads outside of the directory.
  bool isThere(const std::filesystem::path &path) const;
  void openWhole(const std::filesystem::path &path);
  void openIndexed(const std::filesystem::path &index);
  std::filesystem::path resolveShard(const std::filesystem::path &index,
                                     const std::string &name) const;
  const safetensors::File &open(const std::filesystem::path &path);
  void add(const safetensors::File &file, const safetensors::Tensor &tensor);

  std::filesystem::path directory;
  std::vector<std::unique_ptr<safetensors::File>> files;
  std::map<std::string, StoredTensor, std::less<>> byName;
};

} // namespace step37
