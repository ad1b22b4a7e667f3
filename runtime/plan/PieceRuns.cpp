// Rows of the whole and of the piece; see PieceRuns.h.
#include "runtime/plan/PieceRuns.h"

namespace step37::plan {

PieceRuns::PieceRuns(const Mesh &mesh, std::span<const int64_t> shape, const Split &split,
                     int64_t rank) {
  std::vector<Piece> pieces = piecesOf(mesh, shape, split, rank);
  size_t dimensions = shape.size();
  for (; dimensions > 0 && pieces[dimensions - 1].count == shape[dimensions - 1]; --dimensions)
    row.whole *= shape[dimensions - 1];
  row.held = row.local = row.whole;
  if (dimensions == 0)
    return;
  const Piece &last = pieces[--dimensions];
  row.begin = last.begin * row.whole;
  row.held = last.count * row.whole;
  row.local = last.size * row.whole;
  row.whole *= shape[dimensions];
  outerShape.assign(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(dimensions));
  for (const int64_t dimension : outerShape)
    rows *= dimension;
  pieces.resize(dimensions);
  outer = std::move(pieces);
}

int64_t PieceRuns::heldRow(int64_t index) const {
  int64_t local = 0, stride = 1;
  for (size_t i = outer.size(); i-- > 0;) {
    const int64_t at = index % outerShape[i] - outer[i].begin;
    if (at < 0 || at >= outer[i].count)
      return -1;
    local += at * stride;
    stride *= outer[i].size;
    index /= outerShape[i];
  }
  return local;
}

} // namespace step37::plan
