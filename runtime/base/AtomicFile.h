// Writes a file so that its name always means a complete one: the bytes go to `NAME.tmp-<pid>`
// beside it, are synced, and take the name by a rename. Every output file of the project is written
// through here. Several files that belong together: AtomicDirectory.h.
#pragma once

#include "runtime/base/Sha256.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace step37 {

enum class Hashing : bool { off, on };

class AtomicFile {
public:
  /// Creates the temporary file, in an existing directory. Temporaries that killed processes left
  /// beside it are removed. A target that is a device or a pipe is written directly. With `hashing`
  /// the SHA-256 of the bytes is kept on the way.
  explicit AtomicFile(std::filesystem::path path, Hashing hashing = Hashing::off);
  /// Removes the temporary file unless commit() has returned.
  ~AtomicFile();
  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&) = delete;

  /// Appends. Throws Error naming the file where the disk is full, a limit is met or the device
  /// fails; a write may be reported by a later one or by commit(), since small ones are gathered.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Bytes written so far.
  int64_t size() const { return written; }

  /// Syncs the file, gives it its name, syncs the directory. Nothing may be written afterwards.
  void commit();

  /// Hex SHA-256 of what was written so far; only with Hashing::on.
  std::string sha256() const;

  const std::filesystem::path &path() const { return target; }

private:
  void flush();
  void writeThrough(std::span<const std::byte> bytes);
  void discard() noexcept;

  std::filesystem::path target;
  std::filesystem::path temporary; // empty: the target itself is written, or nothing is left to do
  int descriptor = -1;
  int64_t written = 0;
  std::vector<std::byte> gathered;
  std::optional<Sha256> hash;
};

/// Writes `text` as the whole content of `path`, atomically.
void writeFile(const std::filesystem::path &path, std::string_view text);

} // namespace step37
