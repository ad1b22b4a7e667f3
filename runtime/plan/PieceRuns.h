// Where the elements of a rank's piece of a tensor (Plan.h, Split) stand in the whole: both are
// row-major, so that the piece is made of runs of consecutive elements. What a buffer does with a
// piece beyond that is its owner's: of parameters bridge/PartRuns.h.
#pragma once

#include "runtime/plan/Mesh.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace step37::plan {

class PieceRuns {
public:
  /// Of a tensor of `shape` on rank `rank`. The split has been checked.
  PieceRuns(const Mesh &mesh, std::span<const int64_t> shape, const Split &split, int64_t rank);

  /// Elements of the whole tensor.
  int64_t elements() const { return rows * row.whole; }

  /// Calls visit(whole, local, count) for the runs of [first, first + count) of the whole that this
  /// rank has, in order: `count` elements that begin at index `whole` of the whole tensor are at
  /// index `local` of the piece.
  template <class Visit> void forEach(int64_t first, int64_t count, Visit visit) const {
    const int64_t end = first + count;
    for (int64_t r = first / row.whole; r * row.whole < end; ++r) {
      const int64_t localRow = heldRow(r), begin = r * row.whole + row.begin;
      const int64_t low = std::max(first, begin), high = std::min(end, begin + row.held);
      if (localRow >= 0 && low < high)
        visit(low, localRow * row.local + low - begin, high - low);
    }
  }

private:
  /// The piece's index of a row of the whole, or −1.
  int64_t heldRow(int64_t index) const;

  /// The last dimension that is split and those behind it make up rows; in each the piece has
  /// elements [begin, begin + held), at the beginning of one of its own rows of `local` elements.
  struct {
    int64_t whole = 1, begin = 0, held = 1, local = 1;
  } row;
  int64_t rows = 1;
  std::vector<int64_t> outerShape; // the dimensions before, and what the piece has of them
  std::vector<Piece> outer;
};

} // namespace step37::plan
