// Writing, reading and checking manifest.json; see CheckpointManifest.h.
#include "runtime/checkpoint/CheckpointManifest.h"

#include "runtime/base/Error.h"
#include "runtime/base/MappedFile.h"
#include "runtime/base/Sha256.h"
#include "runtime/base/StrictJson.h"

namespace step37 {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::string withHash(json manifest) {
  manifest["sha256"] = sha256Hex(manifest.dump());
  return manifest.dump(1) + '\n';
}

/// The manifest's JSON if its hash is right.
json parseWithHash(const MappedFile &file) {
  const std::string origin = file.path().string();
  json manifest = parseStrictJson(file.text(), origin);
  if (!manifest.is_object() || !manifest.contains("sha256"))
    throw Error(origin + ": sha256: is missing; this is no checkpoint's manifest");
  json stored = manifest["sha256"];
  manifest.erase("sha256");
  if (stored != sha256Hex(manifest.dump()))
    throw Error(origin + ": sha256: does not match; the file is damaged");
  return manifest;
}

void verifyFile(const fs::path &path, const CheckpointManifest::File &expected) {
  MappedFile file(path);
  auto bytes = static_cast<int64_t>(file.bytes().size());
  if (bytes != expected.bytes)
    throw Error(path.string() + ": has " + std::to_string(bytes) + " bytes, the manifest says " +
                std::to_string(expected.bytes) + "; the checkpoint is damaged");
  if (sha256Hex(file.bytes()) != expected.sha256)
    throw Error(path.string() + ": its SHA-256 is not the manifest's; the checkpoint is damaged");
}

} // namespace

std::string CheckpointManifest::text() const {
  json manifest{{"format_version", checkpointVersion},
                {"step", step},
                {"next_sample", nextSample},
                {"seed", seed},
                {"run", run},
                {"files", json::object()}};
  for (const auto &[name, file] : files)
    manifest["files"][name] = {{"bytes", file.bytes}, {"sha256", file.sha256}};
  return withHash(manifest);
}

CheckpointManifest CheckpointManifest::verified(const fs::path &directory) {
  fs::path path = directory / "manifest.json";
  if (!fs::exists(path))
    throw Error(directory.string() + ": manifest.json is missing: this is no complete checkpoint");
  json manifest = parseWithHash(MappedFile(path));
  CheckpointManifest result;
  try {
    if (int version = manifest.at("format_version"); version != checkpointVersion)
      throw Error(path.string() + ": format_version: is " + std::to_string(version) +
                  ", this program reads " + std::to_string(checkpointVersion));
    result.step = manifest.at("step");
    result.nextSample = manifest.at("next_sample");
    result.seed = manifest.at("seed");
    result.run = manifest.at("run");
    for (const auto &[name, file] : manifest.at("files").items())
      result.files[name] = {file.at("bytes"), file.at("sha256")};
  } catch (const json::exception &error) {
    throw Error(path.string() + ": " + error.what());
  }
  for (const auto &[name, file] : result.files)
    verifyFile(directory / name, file);
  return result;
}

void CheckpointManifest::requireSameRun(const json &current, const fs::path &directory) const {
  for (const auto &[name, value] : current.items()) {
    json written = run.value(name, json());
    if (written != value)
      throw Error(directory.string() + ": " + name + ": the checkpoint was written with " +
                  written.dump() + ", this run has " + value.dump() +
                  "; resuming would change the results");
  }
}

} // namespace step37
