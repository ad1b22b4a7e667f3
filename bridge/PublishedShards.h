// How published tensors are shared out to shards, and the index of the shards.
#pragma once

#include "bridge/TensorFiles.h"

namespace step37 {

/// Fills shards of at most `shardBytes`, header included, in the order of the tensors; a tensor
/// that does not fit has a shard of its own. Named `model-00001-of-00044.safetensors`.
std::vector<OutputFile> splitIntoShards(std::vector<OutputTensor> tensors, int64_t shardBytes);

/// Writes model.safetensors.index.json.
void writeShardIndex(const std::vector<OutputFile> &files, const std::filesystem::path &directory);

/// True where the directory's index says that writeShardIndex wrote it.
bool isExportedDirectory(const std::filesystem::path &directory);

} // namespace step37
