// Compares resolved paths component by component.
#include "bridge/ContainedPath.h"

#include <algorithm>

namespace step37 {

namespace fs = std::filesystem;

bool isContained(const fs::path &directory, const fs::path &target) {
  const fs::path root = fs::canonical(directory), resolved = fs::canonical(target);
  const auto contains = [&](const fs::path &folder) {
    return std::mismatch(folder.begin(), folder.end(), resolved.begin(), resolved.end()).first ==
           folder.end();
  };
  return contains(root) || (root.parent_path().filename() == "snapshots" &&
                            contains(root.parent_path().parent_path() / "blobs"));
}

} // namespace step37
