// Opens a directory of published weights; see HfDirectory.h.
#include "bridge/HfDirectory.h"

#include "bridge/ContainedPath.h"
#include "frontend/config/StoredNames.h"
#include "runtime/base/Error.h"
#include "runtime/base/StrictJson.h"

#include <algorithm>
#include <array>
#include <utility>

namespace step37 {

namespace fs = std::filesystem;

namespace {

constexpr const char *leadsOutside = "is a link that leads outside of the directory";

} // namespace

std::string StoredTensor::label() const { return file->path().string() + ": " + tensor->name; }

HfDirectory::HfDirectory(fs::path path) : directory(std::move(path)) {
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored))
    throw Error(directory.string() + ": no such directory");
  const fs::path index = directory / "model.safetensors.index.json";
  const fs::path single = directory / "model.safetensors";
  if (isThere(index))
    openIndexed(index);
  else if (isThere(single))
    openWhole(single);
  else
    throw Error(directory.string() +
                ": holds neither model.safetensors.index.json nor model.safetensors");
}

bool HfDirectory::isThere(const fs::path &path) const {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    return false;
  if (!isContained(directory, path))
    throw Error(path.string() + ": " + leadsOutside);
  return true;
}

void HfDirectory::openWhole(const fs::path &path) {
  const safetensors::File &file = open(path);
  for (const safetensors::Tensor &tensor : file.tensors())
    add(file, tensor);
}

const StoredTensor *HfDirectory::find(std::string_view name) const {
  const auto found = byName.find(name);
  return found == byName.end() ? nullptr : &found->second;
}

void HfDirectory::openIndexed(const fs::path &index) {
  const std::string origin = index.string();
  const nlohmann::json json = parseStrictJson(MappedFile(index).text(), origin);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    throw Error(origin + ": weight_map: missing; must be an object of tensor and file names");

  std::map<std::string, const safetensors::File *> shards;
  std::map<std::string_view, const safetensors::File *> shardOf;
  const nlohmann::json &weightMap = json["weight_map"];
  for (const auto &entry : weightMap.items()) {
    if (!entry.value().is_string())
      throw Error(origin + ": weight_map." + entry.key() + ": must be a file name");
    const auto &name = entry.value().get_ref<const std::string &>();
    auto [shard, isNew] = shards.try_emplace(name, nullptr);
    if (isNew)
      shard->second = &open(resolveShard(index, name));
    if (!shard->second->find(entry.key()))
      throw Error(origin + ": " + entry.key() + ": is not in " + name + ", where the index has it");
    shardOf.emplace(entry.key(), shard->second);
  }
  for (const auto &[name, shard] : shards)
    for (const safetensors::Tensor &tensor : shard->tensors()) {
      const auto listed = shardOf.find(tensor.name);
      if (listed == shardOf.end())
        continue;
      if (listed->second != shard)
        throw Error(origin + ": " + tensor.name + ": is in " + name + " and in " +
                    listed->second->path().filename().string());
      add(*shard, tensor);
    }
}

fs::path HfDirectory::resolveShard(const fs::path &index, const std::string &name) const {
  const fs::path relative(name);
  const auto refuse = [&](const std::string &why) {
    throw Error(index.string() + ": shard \"" + name + "\": " + why);
  };
  if (relative.empty() || relative.is_absolute() ||
      std::find(relative.begin(), relative.end(), "..") != relative.end())
    refuse("must be a file in the same directory");
  std::error_code failed;
  if (!fs::exists(directory / relative, failed))
    refuse("no such file");
  if (!isContained(directory, directory / relative))
    refuse(leadsOutside);
  return directory / relative;
}

const safetensors::File &HfDirectory::open(const fs::path &path) {
  files.push_back(std::make_unique<safetensors::File>(path));
  return *files.back();
}

void HfDirectory::add(const safetensors::File &file, const safetensors::Tensor &tensor) {
  const StoredTensor stored{&file, &tensor};
  auto [entry, isNew] = byName.try_emplace(publishedTensorName(tensor.name), stored);
  if (!isNew)
    throw Error(stored.label() + ": is the same tensor as " + entry->second.label());
}

} // namespace step37
