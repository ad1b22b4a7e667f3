// What conversations are made into rows by: results depend on each of these. Given on the command
// line of step37-run.
#pragma once

#include "runtime/data/BadSamples.h"
#include "runtime/data/Packing.h"
#include "runtime/data/image/ImageFile.h"
#include "runtime/data/image/Views.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace step37 {

struct ConversationOptions {
  OnBadSample on_bad_sample = OnBadSample::stop;
  int64_t pack_length = 0; // tokens of the samples that share a row, at most; 0: the row's
  std::optional<Overlong> overlong = std::nullopt; // without it a sample that is longer is bad
  int64_t max_pixels = defaultMaxPixels;
  PreprocessOrder preprocess = PreprocessOrder::normalizeFirst;
};

/// As the command line spells them.
constexpr std::string_view name(OnBadSample policy) {
  return policy == OnBadSample::stop ? "stop" : "skip";
}
constexpr std::string_view name(Overlong overlong) {
  return overlong == Overlong::drop ? "drop" : "extend";
}
constexpr std::string_view name(PreprocessOrder order) {
  return order == PreprocessOrder::normalizeFirst ? "normalize-first" : "resize-first";
}

} // namespace step37
