// Writes safetensors files whose tensors are slices of published ones: what import and export both
// are. Blocks of the output are independent items of work; which tensors and slices there are is
// RankLayout.h and Conversion.h.
#pragma once

#include "bridge/Slice.h"
#include "bridge/WeightSource.h"
#include "bridge/WorkItems.h"
#include "runtime/base/Safetensors.h"

namespace step37 {

/// Tensors are copied and hashed in blocks of so many bytes, the last one of a tensor shorter. A
/// block stays in a core's cache between being hashed and being copied.
inline constexpr int64_t blockBytes = 1 << 20;

/// Of a tensor of so many bytes.
constexpr int64_t blockCount(int64_t bytes) { return (bytes + blockBytes - 1) / blockBytes; }

struct OutputTensor {
  safetensors::TensorSpec spec;
  std::vector<Slice> slices; // Slice::tensor is an index into the sources; uncovered elements: zero

  int64_t bytes() const;
};

struct OutputFile {
  std::string name;
  std::vector<OutputTensor> tensors; // in the order of their bytes

  /// What stands before the tensors' bytes.
  std::string header() const;
};

/// What was written: the file's bytes and the hash (BlockHash.h) of every block of every tensor.
struct FileDigest {
  std::string name;
  int64_t bytes = 0;
  std::vector<std::vector<std::string>> blocks;
};

using TensorSources = std::vector<std::unique_ptr<TensorSource>>;

struct CopyOptions {
  int threads = 1;
  bool hash = false;      // else FileDigest's are empty
  Progress progress = {}; // bytes of output
};

/// Writes the files into `directory`; without one only reads and hashes. A block is copied by one
/// thread; memory in use is some blocks a thread, whatever the size of the tensors. Throws Error
/// where the disk has too little room or a file cannot be written.
std::vector<FileDigest> writeTensorFiles(const TensorSources &sources,
                                         const std::vector<OutputFile> &files,
                                         const std::filesystem::path &directory,
                                         const CopyOptions &options);

} // namespace step37
