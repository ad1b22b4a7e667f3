// ranks.json: what a rank checkpoint says of itself. A rank checkpoint is a directory of
//   ranks.json            layout, mesh, and of each tensor of each rank its type and block hashes
//   rank-NNNNN.safetensors the local tensors of a rank (RankLayout.h), for each rank that is there
//   published/            config.json and what else stood beside the published weights
// and appears whole (AtomicDirectory). Names and shapes are not in the manifest: they follow from
// config, layout and mesh, and every file must have exactly them.
#pragma once

#include "bridge/RankLayout.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace step37 {

inline constexpr int rankCheckpointVersion = 1;

struct RankManifest {
  struct Tensor {
    std::string type;                // published spelling
    std::vector<std::string> blocks; // hash (BlockHash.h) of each block (TensorFiles.h)
  };
  using Tensors = std::map<std::string, Tensor>;

  Layout layout = Layout::plan;
  plan::Mesh mesh; // dp is 1: ranks that hold the same are there once
  std::map<int64_t, Tensors> ranks;

  std::string text() const;

  /// Reads DIR/ranks.json. Throws Error naming the field that is wrong.
  static RankManifest read(const std::filesystem::path &directory);
};

/// True where the directory holds a ranks.json.
bool isRankCheckpoint(const std::filesystem::path &directory);

std::filesystem::path manifestPath(const std::filesystem::path &directory);
std::string rankFileName(int64_t rank);
std::filesystem::path publishedFolder(const std::filesystem::path &directory);

} // namespace step37
