// The config.json of weights that were dequantised while they were read (BlockScaled.h): it must
// not say that they are quantised, or others would look for scales.
#pragma once

#include <filesystem>

namespace step37 {

/// Removes `quantization_config` from the file, and from the `text_config` in it; without one the
/// file stays as it is. Throws Error naming the file where it is no JSON object.
void dropQuantizationConfig(const std::filesystem::path &config);

} // namespace step37
