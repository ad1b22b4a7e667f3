// The layout of image tokens that `grids` attributes describe (VisionOps.td): how many rows they
// are.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace step37::ir {

/// One group of images of one size.
struct ImageGroup {
  int64_t images, length; // tokens of an image, its class token included

  int64_t tokens() const { return images * length; }
};

/// The groups of (count, height, width) triples; empty where these are no triples of positive
/// numbers, or too many tokens to count.
llvm::SmallVector<ImageGroup> imageGroups(llvm::ArrayRef<int64_t> grids, bool classToken);

/// Rows of all groups' tokens; 0 where `imageGroups` is empty.
int64_t imageTokens(llvm::ArrayRef<int64_t> grids, bool classToken);

/// The grids with each side halved, upwards.
llvm::SmallVector<int64_t> halvedGrids(llvm::ArrayRef<int64_t> grids);

} // namespace step37::ir
