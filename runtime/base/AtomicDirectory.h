// Writes a directory of files so that its name always means a complete set: checkpoints. The files
// go to `DIR.tmp-<pid>` beside it; commit() syncs them and puts the directory in place. A process
// killed at any moment leaves either the old or the new set, both complete. Single files:
// AtomicFile.h.
#pragma once

#include <filesystem>

namespace step37 {

/// How an existing directory gives way. exchange: in one step, where the file system can, else by
/// two renames (see recoverDirectory). twoRenames: always so, for tests.
enum class Replacing : bool { exchange, twoRenames };

class AtomicDirectory {
public:
  /// Creates the empty staging directory beside `path`, parents included, after finishing what a
  /// killed process left (recoverDirectory). Throws Error where `path` is there and no directory.
  explicit AtomicDirectory(std::filesystem::path path, Replacing way = Replacing::exchange);
  /// Removes the staging directory unless commit() has returned.
  ~AtomicDirectory();
  AtomicDirectory(const AtomicDirectory &) = delete;
  AtomicDirectory &operator=(const AtomicDirectory &) = delete;

  /// Where the files are to be written, by any means.
  const std::filesystem::path &staging() const { return stagingPath; }
  const std::filesystem::path &path() const { return target; }

  /// Syncs every file and folder in it, gives the directory its name, and removes what was there.
  void commit();

private:
  std::filesystem::path target;
  std::filesystem::path stagingPath; // empty once nothing is left to remove
  Replacing replacing;
};

/// To be called before a directory that AtomicDirectory writes is read. On file systems that cannot
/// exchange two names the replaced directory is `DIR.tmp-old` for a moment; if a process was killed
/// right then, this puts it back under its name.
void recoverDirectory(const std::filesystem::path &path);

} // namespace step37
