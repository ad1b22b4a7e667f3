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

static void run(const spec::LocalizeIds &spec, HostContext &,
                const Buffers<spec::LocalizeIds> &at) {
  auto *ids = at.ids.as<const int32_t>();
  auto *out = at.out.as<int32_t>();
  int64_t begin = spec.size * *at.coordinate.as<const int32_t>();
  for (int64_t i = 0; i < spec.elements; ++i)
    out[i] = within(ids[i], begin, spec.size);
}

static void run(const spec::ExpertWindow &spec, HostContext &,
                const Buffers<spec::ExpertWindow> &at) {
  auto *offsets = at.offsets.as<const int32_t>();
  auto *slotRow = at.slot_row.as<const int32_t>();
  auto *windowOffsets = at.window_offsets.as<int32_t>();
  auto *windowSlotRow = at.window_slot_row.as<int32_t>();
  for (int64_t e = 0; e <= spec.groups; ++e)
    windowOffsets[e] = int32_t(std::clamp<int64_t>(offsets[e] - spec.first, 0, spec.rows));
  for (int64_t s = 0; s < spec.slots; ++s)
    windowSlotRow[s] = within(slotRow[s], spec.first, spec.rows);
}

HostTwin<spec::LocalizeIds> twinOf(const spec::LocalizeIds &) { return {run}; }
HostTwin<spec::ExpertWindow> twinOf(const spec::ExpertWindow &) { return {run}; }

} // namespace step37::host
