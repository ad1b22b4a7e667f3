// Gathers blocks from the sources, hashes and writes them; see TensorFiles.h.
#include "bridge/TensorFiles.h"

#include "bridge/PositionedFile.h"
#include "bridge/WorkItems.h"
#include "runtime/file/CheckedSize.h"
#include "runtime/file/Error.h"
#include "runtime/file/Sha256.h"

#include <algorithm>
#include <atomic>
#include <cassert>

namespace step37 {

namespace {

/// A block of a tensor of a file: `count` bytes from `first` on, at `offset` of the file.
struct Block {
  size_t file, tensor;
  int64_t first, count, offset;
};

/// A range of a source that a block needs.
struct Need {
  const TensorSource *source;
  int64_t first, end; // bytes, all of it or with gaps
  int64_t needed = 0; // bytes of it
  bool dense() const { return 2 * needed >= end - first; }
};

/// Fills blocks of one tensor from the sources.
class Gatherer {
public:
  Gatherer(const TensorSources &sources, const OutputTensor &tensor)
      : sources(sources), tensor(tensor), elementBytes(byteSize(tensor.spec.type)) {}

  /// The block's bytes: mapped ones if they are together, else put into `buffer`.
  std::span<const std::byte> gather(const Block &block, std::vector<std::byte> &buffer) {
    const int64_t first = block.first / elementBytes, count = block.count / elementBytes;
    int64_t covered = 0;
    for (const Slice &slice : tensor.slices)
      covered += addNeed(slice, first, count);
    for (const Need &need : needs)
      if (need.dense())
        need.source->prefetch(need.first, need.end - need.first);
    if (needs.size() == 1 && needs.front().end - needs.front().first == block.count &&
        covered == count)
      if (auto mapped = needs.front().source->mapped(needs.front().first, block.count);
          !mapped.empty())
        return mapped;

    buffer.resize(static_cast<size_t>(block.count));
    if (covered < count)
      std::fill(buffer.begin(), buffer.end(), std::byte{0});
    for (const Slice &slice : tensor.slices)
      forEachLocalRun(slice, first, count, [&](int64_t published, int64_t local, int64_t run) {
        sourceOf(slice).read(
            published * elementBytes,
            std::span(buffer).subspan(static_cast<size_t>((local - first) * elementBytes),
                                      static_cast<size_t>(run * elementBytes)));
      });
    return buffer;
  }

  void release() const {
    for (const Need &need : needs)
      need.source->release(need.first, need.end - need.first);
  }

private:
  const TensorSource &sourceOf(const Slice &slice) const {
    return *sources[static_cast<size_t>(slice.tensor)];
  }

  int64_t addNeed(const Slice &slice, int64_t first, int64_t count) {
    Need need{&sourceOf(slice), INT64_MAX, 0};
    forEachLocalRun(slice, first, count, [&](int64_t published, int64_t, int64_t run) {
      need.first = std::min(need.first, published * elementBytes);
      need.end = std::max(need.end, (published + run) * elementBytes);
      need.needed += run * elementBytes;
    });
    if (need.needed > 0)
      needs.push_back(need);
    return need.needed / elementBytes;
  }

  const TensorSources &sources;
  const OutputTensor &tensor;
  int64_t elementBytes;
  std::vector<Need> needs;
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
      digest.blocks.emplace_back(static_cast<size_t>((bytes + blockBytes - 1) / blockBytes));
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
    Gatherer gatherer(sources, files[block.file].tensors[block.tensor]);
    const std::span<const std::byte> bytes = gatherer.gather(block, buffer);
    if (options.hash)
      digests[block.file].blocks[block.tensor][static_cast<size_t>(block.first / blockBytes)] =
          sha256Hex(bytes);
    if (!outputs.empty())
      outputs[block.file].write(block.offset, bytes);
    gatherer.release();
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
