// The file of one rank: its local tensors, checked against layout and manifest, and their bytes,
// checked against the manifest's hashes block by block when they are first read.
#pragma once

#include "bridge/RankManifest.h"
#include "runtime/base/Safetensors.h"

#include <atomic>
#include <memory>
#include <span>

namespace step37 {

class RankFile {
public:
  /// `expected`: the rank's local tensors. Throws Error where the file is a link, or its tensors,
  /// their shapes or types are not those of layout and manifest.
  RankFile(const std::filesystem::path &path, std::vector<LocalTensor> expected,
           const RankManifest::Tensors &manifest);

  const std::vector<LocalTensor> &tensors() const { return local; }
  DType type(size_t tensor) const { return stored[tensor].type; }
  std::string label(size_t tensor) const;

  /// Bytes of a local tensor, whose blocks are hashed if they have not been. Throws Error naming
  /// the tensor where a hash is not the manifest's. For several threads at once.
  std::span<const std::byte> bytes(size_t tensor, int64_t first, int64_t count) const;

  void prefetch(size_t tensor, int64_t first, int64_t count) const;
  /// Releases the blocks that hold these bytes.
  void release(size_t tensor, int64_t first, int64_t count) const;

private:
  struct Stored {
    std::span<const std::byte> bytes;
    DType type;
    std::vector<std::string> hashes;
    std::unique_ptr<std::atomic<bool>[]> checked; // of each block
  };

  safetensors::File file;
  std::vector<LocalTensor> local;
  std::vector<Stored> stored; // of each local tensor
};

/// A slice of a published tensor in a rank's file.
struct RankPiece {
  const RankFile *file;
  size_t tensor; // local
  Slice slice;
};

} // namespace step37
