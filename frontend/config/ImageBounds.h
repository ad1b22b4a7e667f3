// The static shape of the images of a micro-batch: how many global views and crops there may be,
// and their sizes. Checked before anything is multiplied; what the tower makes of them is
// frontend/VisionBuilder.h.
#pragma once

#include "frontend/config/ModelConfig.h"

#include <optional>
#include <string>

namespace step37 {

/// What was asked for; what was not has a default.
struct ImageOptions {
  std::optional<int64_t> images = {}, crops = {};       // at most so many in a micro-batch
  std::optional<int64_t> imageSize = {}, cropSize = {}; // pixels of a side
};

struct ImageBounds {
  int64_t images = 0, crops = 0;       // at most; at least one image
  int64_t imageSize = 0, cropSize = 0; // pixels of a side, multiples of the patch size

  /// Rows that a global view and a crop become in the embedding: their patches, each side halved
  /// twice upwards (docs/model.md E.1, 6).
  int64_t imageTokens(const VisionConfig &vision) const;
  int64_t cropTokens(const VisionConfig &vision) const;
};

/// Defaults: the config's image size; crops of 504/728 of it, in whole multiples of four patches;
/// as many images, and as many crops beside one image, as the rows of a micro-batch hold with a
/// token before and one behind each. Throws Error naming the option, for a size that is no multiple
/// of the patch size, and for more image tokens than 32 bits count.
ImageBounds imageBounds(const VisionConfig &vision, const ImageOptions &options, int64_t microBatch,
                        int64_t seqLen);

} // namespace step37
