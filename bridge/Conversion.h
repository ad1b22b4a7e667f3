// Import and export: from any WeightSource to a rank checkpoint (RankManifest.h) or to a directory
// of published weights. Both write a whole directory or nothing.
#pragma once

#include "bridge/RankLayout.h"
#include "bridge/TensorFiles.h"
#include "bridge/WeightSource.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace step37 {

/// What holds for every conversion.
struct ConversionOptions {
  bool strict = false; // tensors that the config does not have are an error
  int threads = 1;
  Progress progress = {}; // bytes of output
};

/// What is to be written of a mesh.
struct RankSelection {
  Layout layout = Layout::plan;
  plan::Mesh mesh;
  std::optional<int64_t> rank = std::nullopt; // this one only
};

struct ConversionSummary {
  int64_t tensors = 0, parameters = 0; // published ones
  int64_t files = 0, bytes = 0;        // of weights; checkRanks says what writeRanks would write
  std::vector<std::string> extra;      // stored tensors that the config does not have
  std::vector<std::string> leftOut;    // links that lead outside of the source
  std::string digest;                  // checkRanks: hex SHA-256 over the hashes of all blocks
};

/// Default of exportPublished, in bytes.
inline constexpr int64_t defaultShardBytes = 9'000'000'000;

/// Writes the selected ranks' slices to the directory `output`. Throws Error where the mesh does
/// not divide the model, a tensor of the config is missing or has another shape, tensors of one
/// pack have different types, `output` is neither empty nor an earlier rank checkpoint, or writing
/// fails.
ConversionSummary writeRanks(const WeightSource &source, const TensorMap &map,
                             const RankSelection &selection, const std::filesystem::path &output,
                             const ConversionOptions &options);

/// Reads and hashes what writeRanks would read, and writes nothing.
ConversionSummary checkRanks(const WeightSource &source, const TensorMap &map,
                             const RankSelection &selection, const ConversionOptions &options);

/// Writes all published tensors under their names to shards of at most `shardBytes` (one tensor
/// that is larger has a shard of its own), with an index, config.json and the other files of the
/// source. Throws Error like writeRanks.
ConversionSummary exportPublished(const WeightSource &source, const TensorMap &map,
                                  int64_t shardBytes, const std::filesystem::path &output,
                                  const ConversionOptions &options);

} // namespace step37
