// Believes neither the header nor the bytes; see RankFile.h.
#include "bridge/RankFile.h"

#include "bridge/BlockHash.h"
#include "bridge/ContainedPath.h"
#include "bridge/MappedPages.h"
#include "bridge/TensorFiles.h"
#include "runtime/base/Error.h"
#include "runtime/base/ShapeText.h"

#include <algorithm>

namespace step37 {

RankFile::RankFile(const std::filesystem::path &path, std::vector<LocalTensor> expected,
                   const RankManifest::Tensors &manifest)
    : file(notALink(path)), local(std::move(expected)) {
  for (const LocalTensor &tensor : local) {
    const safetensors::Tensor &found = file.at(tensor.name);
    const std::string label = path.string() + ": " + tensor.name + ": ";
    if (found.shape != tensor.shape)
      throw Error(label + "has shape " + shapeText(found.shape) + ", its layout needs " +
                  shapeText(tensor.shape));
    const auto entry = manifest.find(tensor.name);
    if (entry == manifest.end())
      throw Error(label + "is not in ranks.json");
    if (entry->second.type != found.dtype)
      throw Error(label + "has elements of type " + found.dtype + ", ranks.json says " +
                  entry->second.type);
    const int64_t blocks = blockCount(found.bytes);
    if (static_cast<int64_t>(entry->second.blocks.size()) != blocks)
      throw Error(label + "ranks.json has " + std::to_string(entry->second.blocks.size()) +
                  " hashes of it, " + std::to_string(blocks) + " are needed");
    stored.push_back({file.bytes(found), file.type(found), entry->second.blocks,
                      std::make_unique<std::atomic<bool>[]>(static_cast<size_t>(blocks))});
  }
  if (file.tensors().size() != local.size())
    throw Error(path.string() + ": has " + std::to_string(file.tensors().size()) +
                " tensors, its layout has " + std::to_string(local.size()));
}

std::string RankFile::label(size_t tensor) const {
  return file.path().string() + ": " + local[tensor].name;
}

std::span<const std::byte> RankFile::bytes(size_t tensor, int64_t first, int64_t count) const {
  const Stored &entry = stored[tensor];
  const auto size = static_cast<int64_t>(entry.bytes.size());
  for (int64_t block = first / blockBytes; block * blockBytes < first + count; ++block) {
    std::atomic<bool> &checked = entry.checked[static_cast<size_t>(block)];
    if (checked.load(std::memory_order_relaxed))
      continue;
    const int64_t begin = block * blockBytes;
    if (blockHashText(entry.bytes.subspan(
            static_cast<size_t>(begin), static_cast<size_t>(std::min(blockBytes, size - begin)))) !=
        entry.hashes[static_cast<size_t>(block)])
      throw Error(label(tensor) +
                  ": its bytes are not those that were written: the hash of "
                  "block " +
                  std::to_string(block) + " differs from ranks.json");
    checked.store(true, std::memory_order_relaxed);
  }
  return entry.bytes.subspan(static_cast<size_t>(first), static_cast<size_t>(count));
}

void RankFile::prefetch(size_t tensor, int64_t first, int64_t count) const {
  prefetchPages(
      stored[tensor].bytes.subspan(static_cast<size_t>(first), static_cast<size_t>(count)));
}

void RankFile::release(size_t tensor, int64_t first, int64_t count) const {
  const auto size = static_cast<int64_t>(stored[tensor].bytes.size());
  const int64_t begin = first / blockBytes * blockBytes;
  const int64_t end = std::min(size, blockCount(first + count) * blockBytes);
  releasePages(
      stored[tensor].bytes.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
}

} // namespace step37
