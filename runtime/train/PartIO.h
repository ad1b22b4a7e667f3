// Moves published tensors into and out of the buffers of a running plan, piece by piece, so that no
// second copy of a parameter is in memory. Where the values come from or go to is the caller's.
#pragma once

#include "runtime/train/Model.h"

#include <cstddef>
#include <functional>
#include <span>

namespace step37 {

/// Writes the tensor that `part` describes into `buffer` of every rank, converted to the buffer's
/// type. `source` holds the tensor's elements in published order, of type `type`.
void writePart(Model &model, int buffer, const plan::Part &part, DType type,
               std::span<const std::byte> source);

/// Reads the tensor that `part` describes out of `buffer`, converted to `type`, and passes its
/// bytes to `sink` in published order, in pieces.
void readPart(const Model &model, int buffer, const plan::Part &part, DType type,
              const std::function<void(std::span<const std::byte>)> &sink);

} // namespace step37
