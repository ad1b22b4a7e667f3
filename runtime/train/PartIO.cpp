// Pieces of a published tensor are gathered from the runs that it has in a buffer, and scattered to
// them; see PartIO.h.
#include "runtime/train/PartIO.h"

#include "bridge/PartRuns.h"
#include "runtime/plan/FloatConversion.h"

#include <algorithm>
#include <vector>

namespace step37 {

namespace {

/// Calls visit(first, count) for the pieces of the published tensor, in order.
template <class Visitor> void forEachPiece(const plan::Part &part, Visitor visit) {
  constexpr int64_t pieceElements = 1 << 20;
  const int64_t elements = part.blocks * part.block;
  for (int64_t first = 0; first < elements; first += pieceElements)
    visit(first, std::min(pieceElements, elements - first));
}

template <class Span> Span slice(Span bytes, DType type, int64_t first, int64_t count) {
  return bytes.subspan(static_cast<size_t>(first * byteSize(type)),
                       static_cast<size_t>(count * byteSize(type)));
}

} // namespace

void writePart(Model &model, int buffer, const plan::Part &part, DType type,
               std::span<const std::byte> source) {
  const DType stored = model.bufferOf(buffer).type;
  std::vector<std::byte> piece;
  forEachPiece(part, [&](int64_t first, int64_t count) {
    piece.resize(static_cast<size_t>(count * byteSize(stored)));
    convertFloats(type, slice(source, type, first, count), stored, piece);
    forEachRun(part, first, count, [&](int64_t published, int64_t to, int64_t run) {
      auto bytes = slice(std::span<const std::byte>(piece), stored, published - first, run);
      for (int rank = 0; rank < model.executor().localRanks(); ++rank)
        model.executor().write(rank, buffer, to * byteSize(stored), bytes);
    });
  });
}

void readPart(const Model &model, int buffer, const plan::Part &part, DType type,
              const std::function<void(std::span<const std::byte>)> &sink) {
  const DType stored = model.bufferOf(buffer).type;
  std::vector<std::byte> piece, converted;
  forEachPiece(part, [&](int64_t first, int64_t count) {
    piece.resize(static_cast<size_t>(count * byteSize(stored)));
    converted.resize(static_cast<size_t>(count * byteSize(type)));
    forEachRun(part, first, count, [&](int64_t published, int64_t from, int64_t run) {
      auto bytes = slice(std::span<std::byte>(piece), stored, published - first, run);
      model.executor().read(0, buffer, from * byteSize(stored), bytes);
    });
    convertFloats(stored, piece, type, converted);
    sink(converted);
  });
}

} // namespace step37
