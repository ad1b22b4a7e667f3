// A new file that several threads write at positions of their own. It lies in the staging folder of
// an AtomicDirectory, which syncs it and puts it in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace step37 {

class PositionedFile {
public:
  /// Throws Error naming the file where it exists or cannot be created.
  explicit PositionedFile(std::filesystem::path path);
  ~PositionedFile();
  PositionedFile(PositionedFile &&other) noexcept;
  PositionedFile &operator=(PositionedFile &&) = delete;

  /// Writes all bytes at `offset` and lets the kernel start to put them on the disk. Throws Error
  /// naming the file where that fails: the disk is full, a limit is met.
  void write(int64_t offset, std::span<const std::byte> bytes) const;

private:
  std::filesystem::path filePath;
  int descriptor = -1;
};

} // namespace step37
