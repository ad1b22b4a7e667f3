// Where the elements of a published tensor lie in the buffer of the parameter that it is part of:
// the strided placement that plan::Part describes. Used by everything that moves elements between
// the two; it knows neither files nor element types.
#pragma once

#include "runtime/plan/Plan.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace step37 {

/// Elements of a part's published tensor. Throws Error "<parameter>: <tensor>: …" where the part
/// does not fit its shape or a buffer of `bufferElements`.
int64_t checkPart(const plan::Parameter &parameter, const plan::Part &part, int64_t bufferElements);

/// Calls visit(published, buffer, count) for the runs of consecutive elements that make up
/// [first, first + count) of the published tensor, in order: `count` elements from index
/// `published` on lie from index `buffer` on. The part has been checked.
template <typename Visit>
void forEachRun(const plan::Part &part, int64_t first, int64_t count, Visit visit) {
  for (const int64_t end = first + count; first < end;) {
    const int64_t block = first / part.block, inBlock = first % part.block;
    const int64_t run = std::min(part.block - inBlock, end - first);
    visit(first, part.begin + block * part.stride + inBlock, run);
    first += run;
  }
}

} // namespace step37
