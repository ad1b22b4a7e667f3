#include "dialects/step37/ImageGrids.h"

#include <cstdint>

namespace step37::ir {

llvm::SmallVector<ImageGroup> imageGroups(llvm::ArrayRef<int64_t> grids, bool classToken) {
  llvm::SmallVector<ImageGroup> groups;
  if (grids.empty() || grids.size() % 3 != 0)
    return groups;
  int64_t room = INT32_MAX;
  for (size_t i = 0; i < grids.size(); i += 3) {
    int64_t count = grids[i], height = grids[i + 1], width = grids[i + 2];
    bool fits = count > 0 && height > 0 && width > 0 && height <= room / width &&
                count <= room / (height * width + int64_t(classToken));
    if (!fits)
      return {};
    groups.push_back({count, height * width + int64_t(classToken)});
    room -= groups.back().tokens();
  }
  return groups;
}

int64_t imageTokens(llvm::ArrayRef<int64_t> grids, bool classToken) {
  int64_t tokens = 0;
  for (const ImageGroup &group : imageGroups(grids, classToken))
    tokens += group.tokens();
  return tokens;
}

llvm::SmallVector<int64_t> halvedGrids(llvm::ArrayRef<int64_t> grids) {
  llvm::SmallVector<int64_t> halved(grids);
  for (size_t i = 0; i < halved.size(); ++i)
    if (i % 3 != 0)
      halved[i] = (halved[i] + 1) / 2;
  return halved;
}

} // namespace step37::ir
