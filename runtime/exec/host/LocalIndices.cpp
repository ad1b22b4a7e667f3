// Host twins of LocalizeIds and ExpertWindow: indices into a whole become indices into a part.
#include "runtime/exec/host/HostKernels.h"

#include <algorithm>

namespace step37::host {
namespace {

/// value − begin where that is in [0, size), else −1.
int32_t within(int64_t value, int64_t begin, int64_t size) {
  int64_t local = value - begin;
  return local >= 0 && local < size ? int32_t(local) : -1;
}

} // namespace

void run(const spec::LocalizeIds &spec, HostContext &, HostArguments arguments) {
  auto *ids = argument<const int32_t>(arguments, 0);
  auto *out = argument<int32_t>(arguments, 2);
  int64_t begin = spec.size * *argument<const int32_t>(arguments, 1);
  for (int64_t i = 0; i < spec.elements; ++i)
    out[i] = within(ids[i], begin, spec.size);
}

void run(const spec::ExpertWindow &spec, HostContext &, HostArguments arguments) {
  auto *offsets = argument<const int32_t>(arguments, 0);
  auto *slotRow = argument<const int32_t>(arguments, 1);
  auto *windowOffsets = argument<int32_t>(arguments, 2);
  auto *windowSlotRow = argument<int32_t>(arguments, 3);
  for (int64_t e = 0; e <= spec.groups; ++e)
    windowOffsets[e] = int32_t(std::clamp<int64_t>(offsets[e] - spec.first, 0, spec.rows));
  for (int64_t s = 0; s < spec.slots; ++s)
    windowSlotRow[s] = within(slotRow[s], spec.first, spec.rows);
}

} // namespace step37::host
