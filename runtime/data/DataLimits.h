// What a plan asks of the data that it is given.
#pragma once

#include "runtime/data/TokenRows.h"
#include "runtime/plan/Plan.h"

namespace step37 {

struct DataLimits : TokenLimits {
  DataLimits() = default;
  DataLimits(int64_t seqLen, int64_t vocab, const plan::ImageInputs &images = {})
      : TokenLimits{seqLen, vocab}, images(images) {}

  static DataLimits of(const plan::Plan &plan) { return {plan.seq_len, plan.vocab, plan.images}; }

  plan::ImageInputs images; // images 0: the plan takes no pictures
};

} // namespace step37
