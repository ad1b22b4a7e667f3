// The order of syncs and renames that makes a directory appear whole.
#include "runtime/base/AtomicDirectory.h"

#include "runtime/base/Error.h"
#include "runtime/base/Temporary.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <system_error>
#include <utility>

namespace step37 {

namespace fs = std::filesystem;

namespace {

void check(const std::error_code &error, const fs::path &path, std::string_view what) {
  if (error)
    throwSystemError(path, what, error.value());
}

void renameChecked(const fs::path &from, const fs::path &to) {
  std::error_code error;
  fs::rename(from, to, error);
  check(error, to, "cannot take this name");
}

/// Links resolved and without a trailing slash, so that a temporary name can be put beside it.
fs::path resolve(const fs::path &path) {
  std::error_code error;
  fs::path resolved = fs::weakly_canonical(fs::absolute(path, error), error);
  check(error, path, "cannot resolve");
  return resolved.has_filename() ? resolved : resolved.parent_path();
}

/// Where the replaced directory is while the new one has not its name yet.
fs::path replacedName(const fs::path &target) { return temporaryName(target, "old"); }

/// Syncs all files and folders below `directory`, itself last.
void syncTree(const fs::path &directory) {
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
    syncPath(entry->path());
  check(error, directory, "cannot list");
  syncPath(directory);
}

/// Exchanges the two names in one step; false where the file system cannot.
bool exchange(const fs::path &staging, const fs::path &target) {
  if (::renameat2(AT_FDCWD, staging.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0)
    return true;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP && errno != EXDEV)
    throwSystemError(target, "cannot replace", errno);
  return false;
}

} // namespace

AtomicDirectory::AtomicDirectory(fs::path path, Replacing way)
    : target(resolve(path)), replacing(way) {
  recoverDirectory(target);
  std::error_code error;
  const fs::file_status status = fs::status(target, error);
  if (fs::exists(status) && !fs::is_directory(status))
    throw Error(target.string() + ": is there and no directory");
  fs::create_directories(target.parent_path(), error);
  check(error, target.parent_path(), "cannot create the directory");
  removeLeftovers(target);
  fs::path created = temporaryName(target);
  fs::create_directory(created, error);
  check(error, created, "cannot create the directory");
  stagingPath = std::move(created);
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!stagingPath.empty())
    fs::remove_all(stagingPath, ignored);
}

void AtomicDirectory::commit() {
  syncTree(stagingPath);
  fs::path replaced;
  std::error_code error;
  if (!fs::exists(target, error)) {
    renameChecked(stagingPath, target);
  } else if (replacing == Replacing::exchange && exchange(stagingPath, target)) {
    replaced = stagingPath;
  } else {
    replaced = replacedName(target);
    fs::remove_all(replaced, error);
    check(error, replaced, "cannot remove");
    renameChecked(target, replaced);
    renameChecked(stagingPath, target);
  }
  stagingPath.clear();
  syncParent(target);
  // From here on the new one is in place; what stays of the old one goes with the next commit.
  if (!replaced.empty())
    fs::remove_all(replaced, error);
}

void recoverDirectory(const fs::path &path) {
  const fs::path target = resolve(path);
  const fs::path replaced = replacedName(target);
  std::error_code error;
  if (fs::exists(target, error) || !fs::is_directory(replaced, error))
    return;
  renameChecked(replaced, target);
  syncParent(target);
}

} // namespace step37
