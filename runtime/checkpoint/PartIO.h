// Moves published tensors into and out of the buffers of all ranks of a running plan, piece by
// piece, so that no second copy of a parameter is in memory. Where the values come from or go to is
// the caller's.
#pragma once

#include "runtime/exec/Model.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace step37 {

/// Values of a published tensor on the ranks: `part` says which elements a rank has and where.
struct PartPlace {
  const plan::Part *part;
  int buffer;
  /// The tensor is the sum of what the ranks along these axes have.
  std::vector<std::string> partial{};
  /// The buffer is the share of the ranks along these axes (plan::Parameter::state_split).
  std::vector<std::string> share{};
};

/// The places of a part of a parameter: itself, its gradient, and its optimizer state in `buffer`.
PartPlace weightPlace(const Model &model, const plan::Parameter &parameter, const plan::Part &part);
PartPlace gradientPlace(const Model &model, const plan::Parameter &parameter,
                        const plan::Part &part);
PartPlace statePlace(const Model &model, const plan::Parameter &parameter, const plan::Part &part,
                     const std::string &buffer);

/// Writes a tensor to every rank that has some of it, converted to the buffer's type. `source`
/// holds the tensor's elements in published order, of type `type`. Not for sums.
void writePart(Model &model, const PartPlace &place, DType type, std::span<const std::byte> source);

/// Reads a tensor, converted to `type`, and, on the root (RankBuffers), passes its bytes to `sink`
/// in published order, in pieces. Sums are taken in f32 in rank order. Throws Error naming tensor
/// and ranks where ranks that hold the same elements differ in a bit.
void readPart(const Model &model, const PartPlace &place, DType type,
              const std::function<void(std::span<const std::byte>)> &sink);

} // namespace step37
