// Compares resolved paths component by component.
#include "bridge/ContainedPath.h"

#include "runtime/base/Error.h"

#include <algorithm>

namespace step37 {

namespace fs = std::filesystem;

bool isWithin(const fs::path &folder, const fs::path &path) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

bool isContained(const fs::path &directory, const fs::path &target) {
  const fs::path root = fs::canonical(directory), resolved = fs::canonical(target);
  return isWithin(root, resolved) ||
         (root.parent_path().filename() == "snapshots" &&
          isWithin(root.parent_path().parent_path() / "blobs", resolved));
}

const fs::path &notALink(const fs::path &path) {
  std::error_code ignored;
  if (fs::is_symlink(path, ignored))
    throw Error(path.string() + ": is a link; a rank checkpoint has none");
  return path;
}

} // namespace step37
