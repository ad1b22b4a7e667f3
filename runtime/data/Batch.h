// A micro-batch of all ranks: what a data set fills and a model takes.
#pragma once

#include "runtime/data/ImageBatch.h"
#include "runtime/data/TokenRows.h"

namespace step37 {

struct Batch {
  TokenRows tokens;
  ImageBatch images;
};

} // namespace step37
