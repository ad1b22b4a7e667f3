// manifest.json of a checkpoint: where the run stood, what it was, and the hash of every file. It
// is written last and covers itself, so that a checkpoint is either whole or refused by name.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace step37 {

/// Version of the checkpoint's layout; the loader takes exactly this one.
inline constexpr int checkpointVersion = 1;

struct CheckpointManifest {
  struct File {
    int64_t bytes = 0;
    std::string sha256;
  };

  int64_t step = 0;       // steps done
  int64_t nextSample = 0; // where the data goes on: rows drawn so far
  uint64_t seed = 0;      // with nextSample the whole random state: draws are functions of both
  nlohmann::json run;     // what results depend on, by option or plan field
  std::map<std::string, File> files;

  /// The manifest as text.
  std::string text() const;

  /// Reads `directory`/manifest.json and checks it and every file it lists. Throws Error naming the
  /// file that is missing or damaged.
  static CheckpointManifest verified(const std::filesystem::path &directory);

  /// Throws Error naming the first entry in which `current` differs from the manifest's run.
  void requireSameRun(const nlohmann::json &current, const std::filesystem::path &directory) const;
};

} // namespace step37
