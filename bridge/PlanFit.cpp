// Compares buffer by buffer; see PlanFit.h.
#include "bridge/PlanFit.h"

#include "runtime/file/Error.h"

#include <algorithm>

namespace step37 {

namespace {

/// True where the part puts the elements of a whole tensor where the slice does.
bool isSamePlace(const plan::Part &part, const Slice &slice) {
  if (slice.from != 0 || part.begin != slice.to || part.blocks != slice.blocks ||
      part.block != slice.block)
    return false;
  return slice.blocks == 1 || (part.stride == slice.toStride && slice.fromStride == slice.block);
}

} // namespace

void checkPlanFits(const plan::Plan &plan, const TensorMap &map) {
  checkMesh(map, plan.mesh);
  const std::vector<LocalTensor> local = localTensors(map, Layout::plan, plan.mesh, 0);
  for (const plan::Parameter &parameter : plan.parameters) {
    const auto refuse = [&](const std::string &what) {
      throw Error("the plan's parameter " + parameter.name + ": " + what);
    };
    const auto tensor = std::find_if(local.begin(), local.end(), [&](const LocalTensor &candidate) {
      return candidate.name == parameter.name;
    });
    if (tensor == local.end())
      refuse("the weights' config has no such tensor");
    for (const plan::Target &target : plan.targets) {
      const int buffer = target.findBuffer(parameter.buffer);
      if (buffer >= 0 &&
          target.buffers[static_cast<size_t>(buffer)].elements() != tensor->elements())
        refuse("has other elements than the weights' config gives it");
    }
    for (const plan::Part &part : parameter.parts) {
      const int index = map.find(part.name);
      const auto slice =
          std::find_if(tensor->slices.begin(), tensor->slices.end(),
                       [&](const Slice &candidate) { return candidate.tensor == index; });
      if (index < 0 || slice == tensor->slices.end() ||
          part.shape != map.tensors()[static_cast<size_t>(index)].published.shape)
        refuse(part.name + " is not part of it in the weights' config, or has another shape");
      if (distinctRanks(plan.mesh) == 1 && !isSamePlace(part, *slice))
        refuse(part.name + " stands elsewhere in it");
    }
  }
}

} // namespace step37
