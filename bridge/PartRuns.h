// Where the elements of a published tensor lie in the buffer of the parameter that it is part of:
// which of them a rank has (runtime/plan/PieceRuns.h), and the strided placement that plan::Part
// describes. Used by everything that moves elements between the two; it knows neither files nor
// element types.
#pragma once

#include "runtime/plan/PieceRuns.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace step37 {

/// Elements of a part's published tensor. Throws Error "<parameter>: <tensor>: …" where a rank's
/// piece of it does not fit the part's blocks or a buffer of `bufferElements`.
int64_t checkPart(const plan::Parameter &parameter, const plan::Part &part, int64_t bufferElements,
                  const plan::Mesh &mesh = {});

/// The part that has been checked, on one rank.
class PartRuns {
public:
  PartRuns(const plan::Part &part, const plan::Mesh &mesh = {}, int64_t rank = 0)
      : part(part), pieces(mesh, part.shape, part.split, rank) {}

  /// Calls visit(published, buffer, count) for the runs of consecutive elements that this rank has
  /// of [first, first + count) of the published tensor, in order: `count` elements from index
  /// `published` on lie from index `buffer` on.
  template <typename Visit> void forEach(int64_t first, int64_t count, Visit visit) const {
    pieces.forEach(first, count, [&](int64_t published, int64_t local, int64_t left) {
      while (left > 0) {
        const int64_t block = local / part.block, inBlock = local % part.block;
        const int64_t run = std::min(part.block - inBlock, left);
        visit(published, part.begin + block * part.stride + inBlock, run);
        published += run;
        local += run;
        left -= run;
      }
    });
  }

private:
  const plan::Part &part;
  plan::PieceRuns pieces;
};

} // namespace step37
