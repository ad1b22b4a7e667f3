// Gathers blocks from the sources, hashes and writes them; see TensorFiles.h.
#include "bridge/TensorFiles.h"

#include "bridge/BlockHash.h"
#include "bridge/PositionedFile.h"
#include "runtime/base/CheckedSize.h"
#include "runtime/base/Error.h"

#include <algorithm>
#include <atomic>
#include <cassert>

namespace step37 {

namespace {

/// So much of a tensor is asked of the disk at a time.
constexpr int64_t prefetchBytes = 16 * blockBytes;

/// A block of a tensor of a file: `count` bytes from `first` on, at `offset` of the file.
struct Block {
  size_t file, tensor;
  int64_t first, count, offset;
};

/// The range of a source from its first to its last byte that is needed, and how many are.
struct Need {
  int64_t first = INT64_MAX, end = 0, bytes = 0;

  /// Where most of a range is not needed it is not worth reading.
  bool isDense() const { return bytes > 0 && 2 * bytes >= end - first; }
};

/// Collects bytes of one tensor of the output from the sources. Positions and counts are in bytes.
class Gatherer {
public:
  Gatherer(const TensorSources &sources, const OutputTensor &tensor)
      : sources(sources), tensor(tensor), elementBytes(byteSize(tensor.spec.type)) {}

  void prefetch(int64_t first, int64_t count) const {
    for (const Slice &slice : tensor.slices)
      if (const Need need = needOf(slice, first, count); need.isDense())
        sourceOf(slice).prefetch(need.first, need.end - need.first);
  }

  void release(int64_t first, int64_t count) const {
    for (const Slice &slice : tensor.slices)
      if (const Need need = needOf(slice, first, count); need.bytes > 0)
        sourceOf(slice).release(need.first, need.end - need.first);
  }

  /// Mapped bytes if they are together in one source, else `buffer` filled with them.
  std::span<const std::byte> gather(int64_t first, int64_t count,
                                    std::vector<std::byte> &buffer) const {
    if (const auto mapped = findMapped(first, count); !mapped.empty())
      return mapped;
    buffer.resize(static_cast<size_t>(count));
    int64_t covered = 0;
    for (const Slice &slice : tensor.slices)
      covered += needOf(slice, first, count).bytes;
    if (covered < count)
      std::fill(buffer.begin(), buffer.end(), std::byte{0});
    for (const Slice &slice : tensor.slices)
      forEachRun(slice, first, count, [&](int64_t published, int64_t local, int64_t run) {
        sourceOf(slice).read(published,
                             std::span(buffer).subspan(static_cast<size_t>(local - first),
                                                       static_cast<size_t>(run)));
      });
    return buffer;
  }

private:
  const TensorSource &sourceOf(const Slice &slice) const {
    return *sources[static_cast<size_t>(slice.tensor)];
  }

  /// forEachLocalRun in bytes.
  template <typename Visit>
  void forEachRun(const Slice &slice, int64_t first, int64_t count, Visit visit) const {
    forEachLocalRun(slice, first / elementBytes, count / elementBytes,
                    [&](int64_t published, int64_t local, int64_t run) {
                      visit(published * elementBytes, local * elementBytes, run * elementBytes);
                    });
  }

  Need needOf(const Slice &slice, int64_t first, int64_t count) const {
    Need need;
    forEachRun(slice, first, count, [&](int64_t published, int64_t, int64_t run) {
      need.first = std::min(need.first, published);
      need.end = std::max(need.end, published + run);
      need.bytes += run;
    });
    return need;
  }

  std::span<const std::byte> findMapped(int64_t first, int64_t count) const {
    for (const Slice &slice : tensor.slices)
      if (const Need need = needOf(slice, first, count);
          need.bytes == count && need.end - need.first == count)
        return sourceOf(slice).mapped(need.first, count);
    return {};
  }

  const TensorSources &sources;
  const OutputTensor &tensor;
  int64_t elementBytes;
};

std::vector<Block> blocksOf(const std::vector<OutputFile> &files,
                            std::vector<FileDigest> &digests) {
  std::vector<Block> blocks;
  for (size_t file = 0; file < files.size(); ++file) {
    FileDigest &digest = digests[file];
    for (size_t tensor = 0; tensor < files[file].tensors.size(); ++tensor) {
      const int64_t bytes = files[file].tensors[tensor].bytes();
      for (int64_t first = 0; first < bytes; first += blockBytes)
        blocks.push_back(
            {file, tensor, first, std::min(blockBytes, bytes - first), digest.bytes + first});
      digest.bytes += bytes;
      digest.blocks.emplace_back(static_cast<size_t>(blockCount(bytes)));
    }
  }
  return blocks;
}

void checkSpace(const std::filesystem::path &directory, const std::vector<FileDigest> &digests) {
  int64_t needed = 0;
  for (const FileDigest &digest : digests)
    needed += digest.bytes;
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (!error && space.available < static_cast<uintmax_t>(needed))
    throw Error(directory.string() + ": needs " + std::to_string(needed) + " bytes, the disk has " +
                std::to_string(space.available) + " free");
}

} // namespace

int64_t OutputTensor::bytes() const {
  return checkedProduct(spec.shape, byteSize(spec.type)).value();
}

std::string OutputFile::header() const {
  std::vector<safetensors::TensorSpec> specs;
  for (const OutputTensor &tensor : tensors)
    specs.push_back(tensor.spec);
  return safetensors::headerBytes(specs, {{"format", "pt"}});
}

std::vector<FileDigest> writeTensorFiles(const TensorSources &sources,
                                         const std::vector<OutputFile> &files,
                                         const std::filesystem::path &directory,
                                         const CopyOptions &options) {
  std::vector<FileDigest> digests;
  std::vector<std::string> headers;
  for (const OutputFile &file : files) {
    headers.push_back(file.header());
    digests.push_back({file.name, static_cast<int64_t>(headers.back().size()), {}});
  }
  const std::vector<Block> blocks = blocksOf(files, digests);
  std::vector<PositionedFile> outputs;
  if (!directory.empty()) {
    checkSpace(directory, digests);
    for (const OutputFile &file : files)
      outputs.emplace_back(directory / file.name);
  }

  int64_t total = 0;
  for (const Block &block : blocks)
    total += block.count;
  std::atomic<int64_t> done = 0;
  std::vector<std::vector<std::byte>> buffers(static_cast<size_t>(std::max(options.threads, 1)));
  const auto copyBlock = [&](const Block &block, std::vector<std::byte> &buffer) {
    const OutputTensor &tensor = files[block.file].tensors[block.tensor];
    const Gatherer gatherer(sources, tensor);
    if (block.first % prefetchBytes == 0)
      gatherer.prefetch(block.first, std::min(prefetchBytes, tensor.bytes() - block.first));
    const std::span<const std::byte> bytes = gatherer.gather(block.first, block.count, buffer);
    if (options.hash)
      digests[block.file].blocks[block.tensor][static_cast<size_t>(block.first / blockBytes)] =
          blockHashText(bytes);
    if (!outputs.empty())
      outputs[block.file].write(block.offset, bytes);
    gatherer.release(block.first, block.count);
    done += block.count;
  };
  // The headers come first, as items like the others: all writing is done by the workers.
  const auto headerItems = static_cast<int64_t>(outputs.size());
  runItems(
      headerItems + static_cast<int64_t>(blocks.size()), options.threads,
      [&](int64_t index, int worker) {
        if (index < headerItems)
          outputs[static_cast<size_t>(index)].write(
              0, std::as_bytes(std::span(headers[static_cast<size_t>(index)])));
        else
          copyBlock(blocks[static_cast<size_t>(index - headerItems)],
                    buffers[static_cast<size_t>(worker)]);
      },
      [&] {
        if (options.progress)
          options.progress(done, total);
      });
  return digests;
}

} // namespace step37
