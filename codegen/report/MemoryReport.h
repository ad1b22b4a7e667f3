// The buffers that an arena is made of, those alike together, for `show --memory`. Their sums are
// codegen/cost/MemoryUse.h.
#pragma once

#include "codegen/cost/MemoryUse.h"
#include "runtime/plan/Plan.h"

#include <string>
#include <vector>

namespace step37::report {

/// Buffers alike: of one kind, type and shape, and with origins that differ in numbers only.
struct BufferGroup {
  plan::BufferKind kind;
  DType type;
  std::vector<int64_t> shape;
  std::string origin; // of the step that writes them first, numbers in it as '*'
  std::string family; // of that step's kernel
  int64_t count = 0, bytes = 0;
};

/// The step that writes a temporary first.
const plan::Step &writer(const plan::Target &target, const plan::Buffer &temporary);

/// The same temporaries as groups, those with most bytes first.
std::vector<BufferGroup> groupedTemporaries(const plan::Target &target,
                                            const std::vector<int> &temporaries);

/// Lasting buffers of one kind, class and type.
struct LastingGroup {
  plan::BufferKind kind;
  plan::BufferClass cls;
  DType type;
  int64_t count = 0, bytes = 0;
};

/// In the order of kinds, classes and types.
std::vector<LastingGroup> lastingGroups(const plan::Target &target);

} // namespace step37::report
