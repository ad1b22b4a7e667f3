// Decides which files and tensors there are; TensorFiles.h moves the bytes.
#include "bridge/Conversion.h"

#include "bridge/CompanionFiles.h"
#include "bridge/ContainedPath.h"
#include "bridge/DequantizedConfig.h"
#include "bridge/PublishedShards.h"
#include "bridge/RankManifest.h"
#include "runtime/base/AtomicDirectory.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/base/Error.h"
#include "runtime/base/Sha256.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace step37 {

namespace fs = std::filesystem;

namespace {

/// What a config.json may say instead where a whole part of the model is missing.
std::string remedy(TensorGroup group) {
  switch (group) {
  case TensorGroup::text:
    return {};
  case TensorGroup::mtp:
    return "; the config.json of weights without multi-token-prediction layers has "
           "num_nextn_predict_layers 0";
  case TensorGroup::vision:
  case TensorGroup::projector:
    return "; the config.json of weights without the vision tower has no vision_config";
  }
  return {};
}

std::unique_ptr<TensorSource> open(const WeightSource &source, const PublishedTensor &tensor) {
  try {
    return source.open(tensor.name, tensor.shape);
  } catch (const MissingTensor &error) {
    throw MissingTensor(error.what() + remedy(tensor.group));
  }
}

/// Opens every tensor of the map and fills in what the summary says of them.
TensorSources openAll(const WeightSource &source, const TensorMap &map, bool strict,
                      ConversionSummary &summary) {
  TensorSources sources;
  std::set<std::string, std::less<>> names;
  for (const MappedTensor &tensor : map.tensors()) {
    sources.push_back(open(source, tensor.published));
    names.insert(tensor.published.name);
    ++summary.tensors;
    summary.parameters += elementCount(tensor.published);
  }
  for (const ListedTensor &tensor : source.beside(names))
    summary.extra.push_back(tensor.stored);
  if (strict && !summary.extra.empty()) {
    std::string list;
    for (const std::string &name : summary.extra)
      list += ' ' + name;
    throw Error(source.path().string() + ": " + std::to_string(summary.extra.size()) +
                " tensors that the config does not have:" + list);
  }
  return sources;
}

/// The one type of all tensors in a local tensor.
DType commonType(const LocalTensor &tensor, const TensorSources &sources) {
  const auto sourceOf = [&](const Slice &slice) -> const TensorSource & {
    return *sources[static_cast<size_t>(slice.tensor)];
  };
  const TensorSource &first = sourceOf(tensor.slices.front());
  for (const Slice &slice : tensor.slices)
    if (sourceOf(slice).type() != first.type())
      throw Error(sourceOf(slice).label() + ": has elements of type " +
                  sourceOf(slice).storedType() + ", and shares " + tensor.name + " with " +
                  first.label() + " of " + first.storedType());
  return first.type();
}

/// Wide elements first, so that every tensor is aligned to its element.
std::vector<OutputTensor> aligned(std::vector<OutputTensor> tensors) {
  std::map<int64_t, std::vector<OutputTensor>, std::greater<>> byWidth;
  for (OutputTensor &tensor : tensors)
    byWidth[byteSize(tensor.spec.type)].push_back(std::move(tensor));
  tensors.clear();
  for (auto &[width, group] : byWidth)
    std::move(group.begin(), group.end(), std::back_inserter(tensors));
  return tensors;
}

OutputFile rankFile(const TensorMap &map, const RankSelection &selection, int64_t rank,
                    const TensorSources &sources) {
  OutputFile file{rankFileName(rank), {}};
  for (LocalTensor &local : localTensors(map, selection.layout, selection.mesh, rank)) {
    // A rank whose share of the vocabulary is padding only: any type will do, but the same one.
    const DType type = local.slices.empty() ? map.config().type : commonType(local, sources);
    file.tensors.push_back(
        {{std::move(local.name), type, std::move(local.shape)}, std::move(local.slices)});
  }
  file.tensors = aligned(std::move(file.tensors));
  return file;
}

std::vector<int64_t> selectedRanks(const RankSelection &selection) {
  const int64_t count = distinctRanks(selection.mesh);
  std::vector<int64_t> ranks;
  for (int64_t rank = 0; rank < count; ++rank)
    if (!selection.rank || *selection.rank % count == rank)
      ranks.push_back(rank);
  return ranks;
}

std::vector<OutputFile> rankFiles(const TensorMap &map, const RankSelection &selection,
                                  const TensorSources &sources) {
  checkMesh(map, selection.mesh);
  std::vector<OutputFile> files;
  for (int64_t rank : selectedRanks(selection))
    files.push_back(rankFile(map, selection, rank, sources));
  return files;
}

RankManifest manifestOf(const RankSelection &selection, const std::vector<OutputFile> &files,
                        std::vector<FileDigest> digests) {
  RankManifest manifest{selection.layout, selection.mesh, {}};
  manifest.mesh.dp = 1;
  const std::vector<int64_t> ranks = selectedRanks(selection);
  for (size_t file = 0; file < files.size(); ++file) {
    RankManifest::Tensors &tensors = manifest.ranks[ranks[file]];
    for (size_t i = 0; i < files[file].tensors.size(); ++i) {
      const safetensors::TensorSpec &spec = files[file].tensors[i].spec;
      tensors[spec.name] = {std::string(safetensors::publishedName(spec.type)),
                            std::move(digests[file].blocks[i])};
    }
  }
  return manifest;
}

/// Copies what is no weights, with a config that is true of the weights as they are written.
std::vector<std::string> writeCompanions(const WeightSource &source, const TensorSources &sources,
                                         const fs::path &directory) {
  std::vector<std::string> left = copyCompanions(source.companions(), directory);
  if (std::any_of(sources.begin(), sources.end(), [](const auto &tensor) {
        return tensor->storedType() != safetensors::publishedName(tensor->type());
      }))
    dropQuantizationConfig(directory / "config.json");
  return left;
}

/// Replacing a directory removes what it holds: only one that a conversion wrote gives way.
void checkOutput(const WeightSource &source, const fs::path &output,
                 bool (*isEarlierOutput)(const fs::path &)) {
  std::error_code error;
  const fs::path from = fs::weakly_canonical(source.path(), error);
  const fs::path to = fs::weakly_canonical(output, error);
  if (isWithin(from, to) || isWithin(to, from))
    throw Error(output.string() + ": the output must lie outside of " + source.path().string());
  if (fs::is_directory(to, error) && !fs::is_empty(to, error) && !isEarlierOutput(to))
    throw Error(output.string() +
                ": is not empty and not what this command wrote earlier; nothing is replaced");
}

CopyOptions copyOptions(const ConversionOptions &options, bool hash) {
  return {options.threads, hash, options.progress};
}

void count(const std::vector<FileDigest> &digests, ConversionSummary &summary) {
  for (const FileDigest &digest : digests) {
    ++summary.files;
    summary.bytes += digest.bytes;
  }
}

} // namespace

ConversionSummary writeRanks(const WeightSource &source, const TensorMap &map,
                             const RankSelection &selection, const fs::path &output,
                             const ConversionOptions &options) {
  checkOutput(source, output, isRankCheckpoint);
  ConversionSummary summary;
  const TensorSources sources = openAll(source, map, options.strict, summary);
  const std::vector<OutputFile> files = rankFiles(map, selection, sources);
  AtomicDirectory directory(output);
  summary.leftOut = writeCompanions(source, sources, publishedFolder(directory.staging()));
  std::vector<FileDigest> digests =
      writeTensorFiles(sources, files, directory.staging(), copyOptions(options, true));
  count(digests, summary);
  writeFile(manifestPath(directory.staging()),
            manifestOf(selection, files, std::move(digests)).text());
  directory.commit();
  return summary;
}

ConversionSummary checkRanks(const WeightSource &source, const TensorMap &map,
                             const RankSelection &selection, const ConversionOptions &options) {
  ConversionSummary summary;
  const TensorSources sources = openAll(source, map, options.strict, summary);
  const std::vector<OutputFile> files = rankFiles(map, selection, sources);
  const std::vector<FileDigest> digests =
      writeTensorFiles(sources, files, {}, copyOptions(options, true));
  count(digests, summary);
  Sha256 hash;
  for (const FileDigest &digest : digests)
    for (const std::vector<std::string> &blocks : digest.blocks)
      for (const std::string &block : blocks)
        hash.update(block);
  summary.digest = hash.hex();
  return summary;
}

ConversionSummary exportPublished(const WeightSource &source, const TensorMap &map,
                                  int64_t shardBytes, const fs::path &output,
                                  const ConversionOptions &options) {
  checkOutput(source, output, isExportedDirectory);
  ConversionSummary summary;
  const TensorSources sources = openAll(source, map, options.strict, summary);
  std::vector<OutputTensor> tensors;
  for (size_t i = 0; i < map.tensors().size(); ++i) {
    const PublishedTensor &published = map.tensors()[i].published;
    tensors.push_back({{published.name, sources[i]->type(), published.shape},
                       {{.tensor = static_cast<int>(i), .block = elementCount(published)}}});
  }
  std::vector<OutputFile> files = splitIntoShards(std::move(tensors), shardBytes);
  for (OutputFile &file : files)
    file.tensors = aligned(std::move(file.tensors));
  AtomicDirectory directory(output);
  summary.leftOut = writeCompanions(source, sources, directory.staging());
  count(writeTensorFiles(sources, files, directory.staging(), copyOptions(options, false)),
        summary);
  writeShardIndex(files, directory.staging());
  directory.commit();
  return summary;
}

} // namespace step37
