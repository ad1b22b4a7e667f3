// The published rules. They compare ratios in double precision, and so do these: 6/5 of a window
// is not above 1.2 for them. See CropLayout.h.
#include "runtime/data/image/CropLayout.h"

#include "runtime/base/Error.h"

#include <algorithm>
#include <string>

namespace step37 {

namespace {

double ratio(int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

/// One axis of the canvas: whole windows, one more where more than a fifth of it is needed.
int64_t canvasLength(int64_t length, int64_t window) {
  if (length < window)
    return length;
  const int64_t whole = length / window;
  const double rest = ratio(length, window) - static_cast<double>(whole);
  return window * (rest > 0.2 ? whole + 1 : whole);
}

} // namespace

ImageSize paddedSize(ImageSize size) {
  constexpr int64_t thin = 32;
  const double aspect = ratio(size.width, size.height);
  if (std::min(size.width, size.height) >= thin || (aspect <= 4 && aspect >= 0.25))
    return size;
  const int64_t side = std::max(size.width, size.height);
  return {side, side};
}

ImageSize shrunkSize(ImageSize size, int64_t longest) {
  const int64_t side = std::max(size.width, size.height);
  if (side <= longest)
    return size;
  const double scale = ratio(longest, side);
  return {static_cast<int64_t>(static_cast<double>(size.width) * scale),
          static_cast<int64_t>(static_cast<double>(size.height) * scale)};
}

int64_t windowSide(ImageSize size, const ViewSizes &views) {
  const auto [shorter, longer] = std::minmax(size.width, size.height);
  const double aspect = ratio(longer, shorter);
  if (longer <= views.view)
    return aspect > 1.5 ? shorter : 0;
  return aspect > 4 ? std::min(shorter, views.crop) : views.crop;
}

ImageSize canvasSize(ImageSize size, int64_t window) {
  return {canvasLength(size.width, window), canvasLength(size.height, window)};
}

std::vector<int64_t> windowStarts(int64_t length, int64_t side, int64_t step) {
  std::vector<int64_t> starts{0};
  while (starts.back() + side < length)
    starts.push_back(std::min(starts.back() + step, length - side));
  return starts;
}

CropLayout cropLayout(ImageSize size, const ViewSizes &views) {
  CropLayout layout;
  layout.padded = paddedSize(size);
  layout.shrunk = shrunkSize(layout.padded, views.longest());
  if (layout.shrunk.width == 0 || layout.shrunk.height == 0)
    throw Error("a picture of " + std::to_string(size.width) + " x " + std::to_string(size.height) +
                " pixels is too thin: it would shrink to nothing");
  layout.window = windowSide(layout.shrunk, views);
  if (layout.window == 0)
    return layout;
  layout.canvas = canvasSize(layout.shrunk, layout.window);
  auto windows = [&](int64_t length) {
    return static_cast<int64_t>(windowStarts(length, layout.window, layout.window).size());
  };
  layout.columns = windows(layout.canvas.width);
  layout.rows = windows(layout.canvas.height);
  return layout;
}

std::vector<CropLayout::Corner> CropLayout::corners() const {
  std::vector<Corner> result;
  if (window == 0)
    return result;
  for (int64_t y : windowStarts(canvas.height, window, window))
    for (int64_t x : windowStarts(canvas.width, window, window))
      result.push_back({x, y});
  return result;
}

} // namespace step37
