// Shard names and the index file; see PublishedShards.h.
#include "bridge/PublishedShards.h"

#include "bridge/FiveDigits.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/base/Error.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/StrictJson.h"

namespace step37 {

namespace {

constexpr const char *indexName = "model.safetensors.index.json";
constexpr const char *writerName = "step37c export";

/// What a header needs at most: for itself, and for a tensor.
constexpr int64_t headerOverhead = 64;
int64_t headerShare(const safetensors::TensorSpec &spec) {
  constexpr int64_t fixed = 80, perNumber = 21; // keys and punctuation; an integer and a comma
  return fixed + static_cast<int64_t>(spec.name.size()) +
         perNumber * static_cast<int64_t>(spec.shape.size() + 2);
}

} // namespace

std::vector<OutputFile> splitIntoShards(std::vector<OutputTensor> tensors, int64_t shardBytes) {
  std::vector<OutputFile> files;
  int64_t used = 0;
  for (OutputTensor &tensor : tensors) {
    const int64_t needed = tensor.bytes() + headerShare(tensor.spec);
    if (files.empty() || used + needed > shardBytes) {
      files.emplace_back();
      used = headerOverhead;
    }
    used += needed;
    files.back().tensors.push_back(std::move(tensor));
  }
  for (size_t i = 0; i < files.size(); ++i)
    files[i].name = "model-" + fiveDigits(static_cast<int64_t>(i + 1)) + "-of-" +
                    fiveDigits(std::ssize(files)) + ".safetensors";
  return files;
}

void writeShardIndex(const std::vector<OutputFile> &files, const std::filesystem::path &directory) {
  nlohmann::json weightMap = nlohmann::json::object();
  int64_t bytes = 0, parameters = 0;
  for (const OutputFile &file : files)
    for (const OutputTensor &tensor : file.tensors) {
      weightMap[tensor.spec.name] = file.name;
      bytes += tensor.bytes();
      parameters += tensor.bytes() / byteSize(tensor.spec.type);
    }
  const nlohmann::json index{
      {"metadata",
       {{"total_parameters", parameters}, {"total_size", bytes}, {"writer", writerName}}},
      {"weight_map", std::move(weightMap)}};
  writeFile(directory / indexName, index.dump(2) + '\n');
}

bool isExportedDirectory(const std::filesystem::path &directory) {
  try {
    const MappedFile file(directory / indexName);
    const nlohmann::json index = parseStrictJson(file.text(), file.path().string());
    return index.is_object() && index.contains("metadata") && index["metadata"].is_object() &&
           index["metadata"].value("writer", nlohmann::json()) == writerName;
  } catch (const Error &) {
    return false;
  }
}

} // namespace step37
