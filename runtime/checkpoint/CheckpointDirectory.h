// The directory that --save fills and --resume reads: complete checkpoints named by their step
// (step-000100), `latest` as a link to the newest, and at times the staging directory of one that
// is being written. What a checkpoint holds is Checkpoint.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace step37 {

class CheckpointDirectory {
public:
  explicit CheckpointDirectory(std::filesystem::path path) : directory(std::move(path)) {}

  /// Where the checkpoint of a step is.
  std::filesystem::path step(int64_t step) const;

  /// The newest complete checkpoint, or nothing. Throws Error where the directory cannot be read.
  std::optional<std::filesystem::path> newest() const;

  /// Lets `latest` point to the checkpoint of `step` and removes all but the last `keep` ones, as
  /// well as what killed processes left half-written.
  void advance(int64_t step, int64_t keep) const;

  const std::filesystem::path &path() const { return directory; }

private:
  std::filesystem::path directory;
};

/// The step in a checkpoint's name, or nothing if it is no such name.
std::optional<int64_t> checkpointStep(const std::filesystem::path &path);

} // namespace step37
