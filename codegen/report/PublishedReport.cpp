#include "codegen/report/PublishedReport.h"

#include "runtime/base/Error.h"

#include <array>
#include <map>

namespace step37::report {

std::string_view name(TensorUse use) {
  constexpr std::array<std::string_view, tensorUseCount> names{"trained", "frozen", "carried"};
  return names[static_cast<size_t>(use)];
}

std::vector<PlannedTensor> plannedTensors(const plan::Plan &plan,
                                          const std::vector<MappedTensor> &table) {
  std::map<std::string_view, const plan::Parameter *> computed; // by published name
  for (const plan::Parameter &parameter : plan.parameters)
    for (const plan::Part &part : parameter.parts)
      computed.emplace(part.name, &parameter);
  std::vector<PlannedTensor> tensors;
  for (const MappedTensor &entry : table) {
    const auto found = computed.find(entry.published.name);
    if (found == computed.end()) {
      tensors.push_back({&entry, "", TensorUse::carried});
      continue;
    }
    const plan::Parameter &parameter = *found->second;
    tensors.push_back(
        {&entry, parameter.buffer, parameter.trained ? TensorUse::trained : TensorUse::frozen});
    computed.erase(found);
  }
  if (!computed.empty())
    throw Error("the plan's tensor " + std::string(computed.begin()->first) +
                " is not one of its config");
  return tensors;
}

void PublishedTotal::add(const PublishedTensor &tensor) {
  tensors += 1;
  parameters += elementCount(tensor);
  bytes += elementCount(tensor) * byteSize(tensor.type);
}

PublishedTotal total(const std::vector<PlannedTensor> &tensors) {
  PublishedTotal sum;
  for (const PlannedTensor &tensor : tensors)
    sum.add(tensor.published());
  return sum;
}

PublishedTotal total(const std::vector<PlannedTensor> &tensors, TensorUse use) {
  PublishedTotal sum;
  for (const PlannedTensor &tensor : tensors)
    if (tensor.use == use)
      sum.add(tensor.published());
  return sum;
}

} // namespace step37::report
