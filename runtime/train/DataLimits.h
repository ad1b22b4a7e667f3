// What a plan asks of the data that it is given.
#pragma once

#include "runtime/plan/Plan.h"
#include "runtime/train/TokenRows.h"

namespace step37 {

struct DataLimits : TokenLimits {
  DataLimits() = default;
  DataLimits(int64_t seqLen, int64_t vocab, const plan::ImageInputs &images = {})
      : TokenLimits{seqLen, vocab}, images(images) {}

  plan::ImageInputs images; // images 0: the plan takes no pictures
};

} // namespace step37
