// Where the crops of a picture lie, from its size alone: the published crop algorithm
// (docs/model.md, section E.2). Pixels are Views.h; the tokens that stand for crops and views are
// runtime/data/ImagePrompt.h.
#pragma once

#include "runtime/data/image/Image.h"

#include <cstdint>
#include <vector>

namespace step37 {

/// Sides of the two squares that a vision tower takes. The published ones are 728 and 504; with
/// others the algorithm's sizes scale along.
struct ViewSizes {
  int64_t view = 728; // the whole picture
  int64_t crop = 504;

  /// Longer pictures are shrunk to this: 3024.
  int64_t longest() const { return 6 * crop; }
  bool operator==(const ViewSizes &) const = default;
};

/// What becomes of one picture. Without crops `window` is 0, and so are canvas and grid.
struct CropLayout {
  ImageSize padded;   // black below or right of a thin strip
  ImageSize shrunk;   // what the global view is made from
  int64_t window = 0; // side of the squares cut from the canvas
  ImageSize canvas;   // the shrunk picture is resized to this before cutting
  int64_t columns = 0, rows = 0;

  int64_t crops() const { return columns * rows; }
  /// True where a line of crops ends that is not the last: crop `index`, row by row.
  bool newlineAfter(int64_t index) const {
    return (index + 1) % columns == 0 && index + 1 < crops();
  }
  int64_t newlines() const { return rows > 0 ? rows - 1 : 0; }

  /// First pixel of each crop on the canvas, row by row. Where an axis of the canvas is shorter
  /// than the window, what lies beyond is black.
  struct Corner {
    int64_t x, y;
    bool operator==(const Corner &) const = default;
  };
  std::vector<Corner> corners() const;

  bool operator==(const CropLayout &) const = default;
};

/// The steps, one by one; `cropLayout` is all of them.
ImageSize paddedSize(ImageSize size);
/// Shrinks so that no side is longer than `longest`; sides are truncated, and can become 0.
ImageSize shrunkSize(ImageSize size, int64_t longest);
int64_t windowSide(ImageSize size, const ViewSizes &views);
ImageSize canvasSize(ImageSize size, int64_t window);
/// Starts of windows of `side` along an axis of `length`, `step` apart; the last one is pulled back
/// to end where the axis ends.
std::vector<int64_t> windowStarts(int64_t length, int64_t side, int64_t step);

/// Throws Error where a side would vanish: a strip hundreds of times longer than wide.
CropLayout cropLayout(ImageSize size, const ViewSizes &views);

} // namespace step37
