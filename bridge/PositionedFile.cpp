// open, pwrite, close.
#include "bridge/PositionedFile.h"

#include "runtime/base/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

namespace step37 {

namespace {

[[noreturn]] void fail(const std::filesystem::path &path, const char *what) {
  throw Error(path.string() + ": " + what + ": " + std::strerror(errno));
}

} // namespace

PositionedFile::PositionedFile(std::filesystem::path path) : filePath(std::move(path)) {
  descriptor = ::open(filePath.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0)
    fail(filePath, "cannot create");
}

PositionedFile::~PositionedFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

PositionedFile::PositionedFile(PositionedFile &&other) noexcept
    : filePath(std::move(other.filePath)), descriptor(std::exchange(other.descriptor, -1)) {}

void PositionedFile::write(int64_t offset, std::span<const std::byte> bytes) const {
  const int64_t first = offset;
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      fail(filePath, "cannot write");
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += count;
  }
  // Only a hint: the sync at the end has less to wait for.
  ::sync_file_range(descriptor, first, offset - first, SYNC_FILE_RANGE_WRITE);
}

} // namespace step37
