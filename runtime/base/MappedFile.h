// A file mapped read-only into memory: how plans, weights and text data are read. What the bytes
// mean is decided by Safetensors.h, PlanFile.h and others.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace step37 {

class MappedFile {
public:
  /// Maps `path`. Throws Error naming it where it is missing, no regular file, empty or unreadable.
  /// The file must not be shortened while it is mapped; files that AtomicFile replaces are safe.
  explicit MappedFile(std::filesystem::path path);
  ~MappedFile();
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;

  const std::filesystem::path &path() const { return filePath; }
  std::span<const std::byte> bytes() const { return mapped; }
  std::string_view text() const {
    return {reinterpret_cast<const char *>(mapped.data()), mapped.size()};
  }

private:
  std::filesystem::path filePath;
  std::span<const std::byte> mapped;
};

} // namespace step37
