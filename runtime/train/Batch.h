// A micro-batch of all ranks: what a data set fills and a model takes.
#pragma once

#include "runtime/train/ImageBatch.h"
#include "runtime/train/TokenRows.h"

namespace step37 {

struct Batch {
  TokenRows tokens;
  ImageBatch images;
};

} // namespace step37
