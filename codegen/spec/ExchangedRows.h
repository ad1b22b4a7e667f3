// Which rows a CountedExchange moves, once the bounds are known: what executors share, on whatever
// device.
#pragma once

#include "codegen/spec/MeshSpecs.h"

#include <cstdint>
#include <span>
#include <vector>

namespace step37::spec {

/// Rows that go from their owner to a receiver, or come back: the first of them among the owner's
/// own rows and among all that the receiver gets.
struct RowRun {
  int64_t own = 0, received = 0, rows = 0;
};

/// What a receiver gets of every owner, in their order. `bounds`: as the spec's argument, trusted.
std::vector<RowRun> runsTo(const CountedExchange &spec, std::span<const int32_t> bounds,
                           int64_t receiver);

/// How many they are together.
int64_t rowsTo(const CountedExchange &spec, std::span<const int32_t> bounds, int64_t receiver);

} // namespace step37::spec
