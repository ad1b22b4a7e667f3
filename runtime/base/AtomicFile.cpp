// open, write, fsync, close, rename: each checked, since a full disk may show at any of them.
#include "runtime/base/AtomicFile.h"

#include "runtime/base/Error.h"
#include "runtime/base/Temporary.h"

#include <cassert>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace step37 {

namespace fs = std::filesystem;

namespace {

/// Small writes are gathered up to this many bytes.
constexpr size_t gatherBytes = 1 << 20;

/// Keeps SIGXFSZ from killing the process while it lives: beyond the limit on a file's size, write
/// then fails with EFBIG, which is reported like a full disk. Only this thread's mask changes.
class FileSizeSignalBlock {
public:
  FileSizeSignalBlock() {
    ::sigemptyset(&fileSize);
    ::sigaddset(&fileSize, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &fileSize, &before);
  }
  ~FileSizeSignalBlock() {
    if (!::sigismember(&before, SIGXFSZ)) {
      const timespec now{};
      ::sigtimedwait(&fileSize, nullptr, &now); // takes it, if it came
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  FileSizeSignalBlock(const FileSizeSignalBlock &) = delete;
  FileSizeSignalBlock &operator=(const FileSizeSignalBlock &) = delete;

private:
  sigset_t fileSize, before;
};

} // namespace

AtomicFile::AtomicFile(fs::path path, Hashing hashing) : target(std::move(path)) {
  if (hashing == Hashing::on)
    hash.emplace();
  std::error_code error;
  if (fs::is_symlink(target, error)) // the link stays, the file that it names is replaced
    target = fs::weakly_canonical(target, error);
  const fs::file_status status = fs::status(target, error);
  if (fs::is_directory(status) || !target.has_filename())
    throw Error(target.string() + ": is a directory, cannot write a file there");

  fs::path opened = target;
  int flags = O_WRONLY | O_CLOEXEC;
  if (!fs::exists(status) || fs::is_regular_file(status)) {
    removeLeftovers(target);
    opened = temporaryName(target);
    flags |= O_CREAT | O_EXCL;
  }
  descriptor = ::open(opened.c_str(), flags, 0666);
  if (descriptor < 0)
    throwSystemError(target, "cannot create", errno);
  if (opened != target)
    temporary = opened;
}

AtomicFile::~AtomicFile() { discard(); }

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : target(std::move(other.target)), temporary(std::exchange(other.temporary, {})),
      descriptor(std::exchange(other.descriptor, -1)), written(other.written),
      gathered(std::move(other.gathered)), hash(std::move(other.hash)) {}

void AtomicFile::write(std::span<const std::byte> bytes) {
  assert(descriptor >= 0 && "the file is committed or moved from");
  if (hash)
    hash->update(bytes);
  written += static_cast<int64_t>(bytes.size());
  if (gathered.size() + bytes.size() <= gatherBytes) {
    gathered.insert(gathered.end(), bytes.begin(), bytes.end());
    return;
  }
  flush();
  writeThrough(bytes);
}

void AtomicFile::flush() {
  writeThrough(gathered);
  gathered.clear();
}

void AtomicFile::writeThrough(std::span<const std::byte> bytes) {
  const FileSizeSignalBlock block;
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      throwSystemError(target, "cannot write", errno);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

void AtomicFile::commit() {
  assert(descriptor >= 0 && "the file is committed or moved from");
  flush();
  if (!temporary.empty() && ::fsync(descriptor) != 0)
    throwSystemError(target, "cannot write", errno);
  if (::close(std::exchange(descriptor, -1)) != 0)
    throwSystemError(target, "cannot write", errno);
  if (temporary.empty())
    return;
  if (::rename(temporary.c_str(), target.c_str()) != 0)
    throwSystemError(target, "cannot take this name", errno);
  temporary.clear();
  syncParent(target);
}

std::string AtomicFile::sha256() const {
  assert(hash && "constructed without Hashing::on");
  return hash->hex();
}

void AtomicFile::discard() noexcept {
  if (descriptor >= 0)
    ::close(std::exchange(descriptor, -1));
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

void writeFile(const fs::path &path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

} // namespace step37
