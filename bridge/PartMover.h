// The one mover of elements between published tensors and the buffers of a mesh's ranks, piece by
// piece, so that no second copy of a parameter is in memory. Values come from a file of weights, a
// checkpoint or a random sequence (RandomInit.h) and go to whoever asks for them. Element types are
// converted by rounding once from f32; where elements lie is PartRuns.h; rank checkpoints of
// `step37c`, which are files on both sides, are Conversion.h.
#pragma once

#include "bridge/RankStore.h"
#include "bridge/WeightSource.h"
#include "runtime/plan/Plan.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace step37 {

/// Values of a published tensor on the ranks: `part` says which elements a rank has and where.
struct PartPlace {
  const plan::Part *part;
  int buffer; // its index, and what it holds
  DType type;
  int64_t elements;
  /// The tensor is the sum of what the ranks along these axes have.
  std::vector<std::string> partial{};
  /// The buffer is the share of the ranks along these axes (plan::Parameter::state_split).
  std::vector<std::string> share{};
};

/// The place of a part in a buffer that is laid out as its parameter's. Throws Error
/// "<parameter>: <tensor>: …" where the part does not fit it, unless it is shared out.
PartPlace placeOf(const plan::Parameter &parameter, const plan::Part &part, int index,
                  const plan::Buffer &buffer, const plan::Mesh &mesh,
                  std::vector<std::string> share = {});

/// Elements [first, first + count) of a published tensor.
struct ElementRange {
  int64_t first, count;

  int64_t end() const { return first + count; }
};

/// Where the values of a published tensor come from.
struct PartValues {
  DType type;
  /// Fills those of `bytes`, which are the elements from the first range's first to the last one's
  /// end, that are in a range. Ranges are in order and do not touch.
  std::function<void(std::span<const ElementRange> ranges, std::span<std::byte> bytes)> read;
};

/// Of a tensor of a file, which is read no further than from the first to the last range. The
/// tensor outlives the values.
PartValues storedValues(const TensorSource &tensor);

/// Of a tensor in memory, of which `bytes` are all.
PartValues valuesIn(DType type, std::span<const std::byte> bytes);

/// Writes a tensor to every rank that is here and has some of it, in all of `places`, which are of
/// one part; converted to each buffer's type. What belongs to no part is left alone. Not for sums.
void writePart(RankStore &ranks, const plan::Mesh &mesh, std::span<const PartPlace> places,
               const PartValues &values);

/// Reads a tensor, converted to `type`, and, on the root, passes its bytes to `sink` in published
/// order, in pieces. Sums are taken in f32 in rank order. Throws Error naming tensor and ranks
/// where ranks that hold the same elements differ in a bit.
void readPart(const RankStore &ranks, const plan::Mesh &mesh, const PartPlace &place, DType type,
              const std::function<void(std::span<const std::byte>)> &sink);

} // namespace step37
