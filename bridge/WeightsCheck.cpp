// See WeightsCheck.h.
#include "bridge/WeightsCheck.h"

#include "bridge/PartRuns.h"
#include "runtime/base/Safetensors.h"

#include <map>
#include <set>

namespace step37 {

WeightsSummary checkWeights(const WeightSource &source, const plan::Plan &plan,
                            const plan::Target &target) {
  std::set<std::string, std::less<>> needed;
  std::map<std::pair<std::string, DType>, int64_t> converted;
  for (const plan::Parameter &parameter : plan.parameters) {
    const int index = target.findBuffer(parameter.buffer);
    if (index < 0)
      continue;
    const plan::Buffer &buffer = target.buffers[index];
    for (const plan::Part &part : parameter.parts) {
      checkPart(parameter, part, buffer.elements(), plan.mesh);
      const std::string stored = source.open(part.name, part.shape)->storedType();
      needed.insert(part.name);
      if (stored != safetensors::publishedName(buffer.type))
        ++converted[{stored, buffer.type}];
    }
  }

  std::set<std::string_view> carried;
  for (const plan::CarriedTensor &tensor : plan.carried)
    carried.insert(tensor.name);
  WeightsSummary summary;
  for (const auto &[key, tensors] : converted)
    summary.conversions.push_back({key.first, key.second, tensors});
  for (const ListedTensor &tensor : source.beside(needed)) {
    if (carried.contains(tensor.name))
      ++summary.carried;
    else
      summary.unneeded.push_back(tensor.stored);
  }
  return summary;
}

std::vector<std::string> WeightsSummary::lines(const WeightSource &source) const {
  std::vector<std::string> result;
  const std::string prefix = source.path().string() + ": ";
  for (const Conversion &conversion : conversions)
    result.push_back(prefix + std::to_string(conversion.tensors) + " tensors are converted from " +
                     conversion.from + " to " + std::string(name(conversion.to)));
  if (carried > 0)
    result.push_back(prefix + std::to_string(carried) +
                     " tensors belong to parts of the model that this plan does not compute");
  if (!unneeded.empty()) {
    std::string line = prefix + std::to_string(unneeded.size()) +
                       " tensors are not needed by this plan and left alone:";
    for (const std::string &tensor : unneeded)
      line += ' ' + tensor;
    result.push_back(line);
  }
  return result;
}

} // namespace step37
