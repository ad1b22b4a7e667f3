// Crops row by row, then the whole picture; see ImagePrompt.h.
#include "runtime/data/ImagePrompt.h"

namespace step37 {

int64_t imageTokenCount(const CropLayout &layout, const plan::ImageInputs &inputs) {
  return layout.crops() * (inputs.crop_tokens + 2) + layout.newlines() + inputs.image_tokens + 2;
}

void appendImageTokens(const CropLayout &layout, const plan::ImageInputs &inputs,
                       const ImageTokens &tokens, std::vector<int32_t> &ids) {
  auto append = [&](int32_t begin, int64_t features, int32_t end) {
    ids.push_back(begin);
    ids.insert(ids.end(), static_cast<size_t>(features), tokens.feature);
    ids.push_back(end);
  };
  for (int64_t crop = 0; crop < layout.crops(); ++crop) {
    append(tokens.cropBegin, inputs.crop_tokens, tokens.cropEnd);
    if (layout.newlineAfter(crop))
      ids.push_back(tokens.newline);
  }
  append(tokens.viewBegin, inputs.image_tokens, tokens.viewEnd);
}

} // namespace step37
