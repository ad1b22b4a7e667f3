#include "runtime/report/PublishedReport.h"

#include <array>

namespace step37::report {

std::string_view name(TensorUse use) {
  constexpr std::array<std::string_view, tensorUseCount> names{"trained", "frozen", "carried"};
  return names[static_cast<size_t>(use)];
}

int64_t PublishedTensor::elements() const {
  int64_t product = 1;
  for (const int64_t extent : *shape)
    product *= extent;
  return product;
}

std::vector<PublishedTensor> publishedTensors(const plan::Plan &plan) {
  std::vector<PublishedTensor> tensors;
  for (const plan::Parameter &parameter : plan.parameters)
    for (const plan::Part &part : parameter.parts)
      tensors.push_back({part.name, part.type, &part.shape, parameter.buffer,
                         parameter.trained ? TensorUse::trained : TensorUse::frozen});
  for (const plan::CarriedTensor &carried : plan.carried)
    tensors.push_back({carried.name, carried.type, &carried.shape, "", TensorUse::carried});
  return tensors;
}

void PublishedTotal::add(const PublishedTensor &tensor) {
  tensors += 1;
  parameters += tensor.elements();
  bytes += tensor.elements() * byteSize(tensor.type);
}

PublishedTotal total(const std::vector<PublishedTensor> &tensors) {
  PublishedTotal sum;
  for (const PublishedTensor &tensor : tensors)
    sum.add(tensor);
  return sum;
}

PublishedTotal total(const std::vector<PublishedTensor> &tensors, TensorUse use) {
  PublishedTotal sum;
  for (const PublishedTensor &tensor : tensors)
    if (tensor.use == use)
      sum.add(tensor);
  return sum;
}

} // namespace step37::report
