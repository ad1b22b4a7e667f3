// open, fstat, mmap; every way in which they fail as one sentence.
#include "runtime/base/MappedFile.h"

#include "runtime/base/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace step37 {

namespace {

[[noreturn]] void fail(const std::filesystem::path &path, const std::string &what) {
  throw Error(path.string() + ": " + what);
}

/// Closes the descriptor at the end of the scope; the mapping outlives it.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0)
      ::close(number);
  }
};

} // namespace

MappedFile::MappedFile(std::filesystem::path path) : filePath(std::move(path)) {
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  const Descriptor file{::open(filePath.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0)
    fail(filePath,
         errno == ENOENT ? "no such file" : std::string("cannot open: ") + std::strerror(errno));
  struct stat status = {};
  if (::fstat(file.number, &status) != 0)
    fail(filePath, std::string("cannot read its size: ") + std::strerror(errno));
  if (S_ISDIR(status.st_mode))
    fail(filePath, "is a directory, not a file");
  if (!S_ISREG(status.st_mode))
    fail(filePath, "is not a regular file");
  if (status.st_size == 0)
    fail(filePath, "the file is empty");
  const auto size = static_cast<size_t>(status.st_size);
  void *address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (address == MAP_FAILED)
    fail(filePath, std::string("cannot map: ") + std::strerror(errno));
  mapped = {static_cast<const std::byte *>(address), size};
}

MappedFile::~MappedFile() {
  if (!mapped.empty())
    ::munmap(const_cast<std::byte *>(mapped.data()), mapped.size());
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : filePath(std::move(other.filePath)), mapped(std::exchange(other.mapped, {})) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(filePath, other.filePath);
  std::swap(mapped, other.mapped);
  return *this;
}

} // namespace step37
