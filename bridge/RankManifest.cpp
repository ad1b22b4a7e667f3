// Writing and reading ranks.json; see RankManifest.h.
#include "bridge/RankManifest.h"

#include "bridge/ContainedPath.h"
#include "bridge/FiveDigits.h"
#include "runtime/base/Error.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/StrictJson.h"

#include <charconv>

namespace step37 {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char *formatName = "step37-ranks";
/// No mesh is larger; keeps products of its axes small.
constexpr int64_t maxAxis = 1 << 16;

/// Reads fields; every message names file and field.
class Reader {
public:
  explicit Reader(std::string origin) : origin(std::move(origin)) {}

  [[noreturn]] void fail(const std::string &field, const std::string &what) const {
    throw Error(origin + ": " + field + ": " + what);
  }
  const json &member(const json &object, const std::string &path, const char *key) const {
    if (!object.is_object() || !object.contains(key))
      fail(path + key, "is missing");
    return object[key];
  }
  int64_t axis(const json &mesh, const char *key) const {
    const json &value = member(mesh, "mesh.", key);
    if (!value.is_number_unsigned() || value.get<uint64_t>() < 1 ||
        value.get<uint64_t>() > static_cast<uint64_t>(maxAxis))
      fail(std::string("mesh.") + key, "must be an integer from 1 on");
    return value.get<int64_t>();
  }
  std::string text(const json &value, const std::string &path) const {
    if (!value.is_string())
      fail(path, "must be a text");
    return value.get<std::string>();
  }

private:
  std::string origin;
};

RankManifest::Tensors readTensors(const Reader &reader, const std::string &path,
                                  const json &tensors) {
  if (!tensors.is_object())
    reader.fail(path, "must be an object");
  RankManifest::Tensors result;
  for (const auto &[name, entry] : tensors.items()) {
    const std::string at = path + '.' + name + '.';
    RankManifest::Tensor tensor{reader.text(reader.member(entry, at, "type"), at + "type"), {}};
    const json &blocks = reader.member(entry, at, "hashes");
    if (!blocks.is_array())
      reader.fail(at + "hashes", "must be a list");
    for (const json &block : blocks)
      tensor.blocks.push_back(reader.text(block, at + "hashes"));
    result.emplace(name, std::move(tensor));
  }
  return result;
}

} // namespace

std::string RankManifest::text() const {
  json manifest{{"format", formatName},
                {"format_version", rankCheckpointVersion},
                {"layout", name(layout)},
                {"mesh", {{"tp", mesh.tp}, {"ep", mesh.ep}, {"etp", mesh.etp}}},
                {"ranks", json::object()}};
  for (const auto &[rank, tensors] : ranks) {
    json &entry = manifest["ranks"][std::to_string(rank)] = json::object();
    for (const auto &[name, tensor] : tensors)
      entry[name] = {{"type", tensor.type}, {"hashes", tensor.blocks}};
  }
  return manifest.dump(1) + '\n';
}

RankManifest RankManifest::read(const fs::path &directory) {
  const MappedFile file(notALink(manifestPath(directory)));
  const Reader reader(file.path().string());
  const json manifest = parseStrictJson(file.text(), file.path().string());
  if (reader.member(manifest, "", "format") != formatName)
    reader.fail("format", std::string("must be ") + formatName);
  if (reader.member(manifest, "", "format_version") != rankCheckpointVersion)
    reader.fail("format_version",
                "is not the one that this program reads: " + std::to_string(rankCheckpointVersion));
  RankManifest result;
  const auto layout = parseLayout(reader.text(reader.member(manifest, "", "layout"), "layout"));
  if (!layout)
    reader.fail("layout", "is none of plan, megatron, megatron-expanded");
  result.layout = *layout;
  const json &mesh = reader.member(manifest, "", "mesh");
  result.mesh.tp = reader.axis(mesh, "tp");
  result.mesh.ep = reader.axis(mesh, "ep");
  result.mesh.etp = reader.axis(mesh, "etp");
  const json &ranks = reader.member(manifest, "", "ranks");
  if (!ranks.is_object() || ranks.empty())
    reader.fail("ranks", "must be an object with at least one rank");
  for (const auto &[key, tensors] : ranks.items()) {
    int64_t rank = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), rank);
    if (error != std::errc() || end != key.data() + key.size() || rank < 0 ||
        rank >= distinctRanks(result.mesh))
      reader.fail("ranks." + key, "is no rank of the mesh");
    result.ranks.emplace(rank, readTensors(reader, "ranks." + key, tensors));
  }
  return result;
}

bool isRankCheckpoint(const fs::path &directory) {
  std::error_code ignored;
  return fs::exists(manifestPath(directory), ignored);
}

fs::path manifestPath(const fs::path &directory) { return directory / "ranks.json"; }

std::string rankFileName(int64_t rank) { return "rank-" + fiveDigits(rank) + ".safetensors"; }

fs::path publishedFolder(const fs::path &directory) { return directory / "published"; }

} // namespace step37
