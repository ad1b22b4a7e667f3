// Temporaries are found again by their name only, so that nothing but the name needs to survive the
// process that made them.
#include "runtime/base/Temporary.h"

#include "runtime/base/Error.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace step37 {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view infix = ".tmp-";

fs::path parentOf(const fs::path &path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// True for "<digits>", the id of this process or of one that is gone.
bool isAbandoned(std::string_view tag) {
  pid_t process = 0;
  const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), process);
  if (error != std::errc() || end != tag.data() + tag.size() || process <= 0)
    return false;
  return process == ::getpid() || (::kill(process, 0) != 0 && errno == ESRCH);
}

} // namespace

fs::path temporaryName(const fs::path &path, std::string_view tag) {
  fs::path result = path;
  result += infix;
  result += tag;
  return result;
}

fs::path temporaryName(const fs::path &path) {
  return temporaryName(path, std::to_string(::getpid()));
}

void removeLeftovers(const fs::path &path) {
  const std::string prefix = path.filename().string() + std::string(infix);
  std::error_code ignored;
  fs::directory_iterator entry(parentOf(path), ignored);
  for (; !ignored && entry != fs::directory_iterator(); entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    std::error_code kept;
    if (name.starts_with(prefix) && isAbandoned(std::string_view(name).substr(prefix.size())))
      fs::remove_all(entry->path(), kept);
  }
}

void syncPath(const fs::path &path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    throwSystemError(path, "cannot open to sync", errno);
  const int result = ::fsync(descriptor);
  const int errorNumber = errno;
  ::close(descriptor);
  // Some network file systems cannot sync a directory and say so with EINVAL.
  if (result != 0 && errorNumber != EINVAL)
    throwSystemError(path, "cannot sync", errorNumber);
}

void syncParent(const fs::path &path) { syncPath(parentOf(path)); }

void throwSystemError(const fs::path &path, std::string_view what, int errorNumber) {
  throw Error(path.string() + ": " + std::string(what) + ": " + std::strerror(errorNumber));
}

} // namespace step37
