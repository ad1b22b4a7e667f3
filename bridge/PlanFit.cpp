// Compares rank by rank, run by run; see PlanFit.h.
#include "bridge/PlanFit.h"

#include "bridge/PartRuns.h"
#include "runtime/base/CheckedSize.h"
#include "runtime/base/Error.h"

#include <algorithm>
#include <map>

namespace step37 {

namespace {

/// The slice of a tensor in a local one; null where the rank has none of it.
const Slice *sliceOf(const LocalTensor &local, int tensor) {
  const auto found = std::find_if(local.slices.begin(), local.slices.end(),
                                  [&](const Slice &slice) { return slice.tensor == tensor; });
  return found == local.slices.end() ? nullptr : &*found;
}

/// True where the part puts, on this rank, the same elements in the same places as the slice.
bool isSamePlace(const plan::Part &part, const plan::Mesh &mesh, int64_t rank, const Slice *slice) {
  int64_t elements = 0;
  bool same = true;
  PartRuns(part, mesh, rank)
      .forEach(0, *checkedProduct(part.shape),
               [&](int64_t published, int64_t buffer, int64_t count) {
                 int64_t found = 0;
                 if (slice)
                   forEachPublishedRun(*slice, published, count,
                                       [&](int64_t from, int64_t to, int64_t run) {
                                         same &= to - from == buffer - published;
                                         found += run;
                                       });
                 same &= found == count;
                 elements += count;
               });
  return same && elements == (slice ? slice->elements() : 0);
}

[[noreturn]] void refuse(const plan::Parameter &parameter, const std::string &what) {
  throw Error("the plan's parameter " + parameter.name + ": " + what);
}

/// A parameter against the local tensor of its name on one rank.
void checkRank(const plan::Plan &plan, const plan::Parameter &parameter, const TensorMap &map,
               const LocalTensor &local, int64_t rank) {
  for (const plan::Target &target : plan.targets) {
    const int buffer = target.findBuffer(parameter.buffer);
    if (buffer >= 0 && target.buffers[static_cast<size_t>(buffer)].elements() != local.elements())
      refuse(parameter, "has other elements than the weights' config gives it");
  }
  for (const plan::Part &part : parameter.parts) {
    const int index = map.find(part.name);
    if (index < 0 || map.tensors()[static_cast<size_t>(index)].parameter != parameter.name ||
        part.shape != map.tensors()[static_cast<size_t>(index)].published.shape)
      refuse(parameter,
             part.name + " is not part of it in the weights' config, or has another shape");
    if (!isSamePlace(part, plan.mesh, rank, sliceOf(local, index)))
      refuse(parameter, part.name + " stands elsewhere in it on rank " + std::to_string(rank));
  }
}

} // namespace

void checkPlanFits(const plan::Plan &plan, const TensorMap &map) {
  checkMesh(map, plan.mesh);
  for (int64_t rank = 0; rank < distinctRanks(plan.mesh); ++rank) {
    const std::vector<LocalTensor> local = localTensors(map, Layout::plan, plan.mesh, rank);
    std::map<std::string_view, const LocalTensor *> byName;
    for (const LocalTensor &tensor : local)
      byName.emplace(tensor.name, &tensor);
    for (const plan::Parameter &parameter : plan.parameters) {
      const auto found = byName.find(parameter.name);
      if (found == byName.end())
        refuse(parameter, "the weights' config has no such tensor");
      checkRank(plan, parameter, map, *found->second, rank);
    }
  }
}

} // namespace step37
