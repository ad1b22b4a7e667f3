// Moves elements between published tensors and parameters; see ParameterIO.h.
#include "bridge/ParameterIO.h"

#include "bridge/PartRuns.h"
#include "runtime/file/Error.h"
#include "runtime/plan/FloatConversion.h"

#include <map>
#include <set>

namespace step37 {

namespace {

std::string text(const std::vector<int64_t> &shape) {
  std::string result = "[";
  for (int64_t extent : shape)
    result += (result.size() > 1 ? ", " : "") + std::to_string(extent);
  return result + "]";
}

DType typeOf(const StoredTensor &stored) {
  const std::string &dtype = stored.tensor->dtype;
  for (DType type : {DType::f32, DType::f16, DType::bf16})
    if (dtype == safetensors::publishedName(type))
      return type;
  throw Error(stored.label() + ": has elements of type " + dtype + "; accepted: F32, F16, BF16");
}

/// Name of expert `index` of the stacked tensor `name`, stored alone; empty if it stacks none.
std::string expertName(const std::string &name, int64_t index) {
  const std::string mark = ".moe.";
  const size_t at = name.rfind(mark);
  if (at == std::string::npos)
    return {};
  const std::string rest = name.substr(at + mark.size());
  if (rest != "gate_proj.weight" && rest != "up_proj.weight" && rest != "down_proj.weight")
    return {};
  return name.substr(0, at) + ".moe.experts." + std::to_string(index) + "." + rest;
}

void requireShape(const StoredTensor &stored, const std::vector<int64_t> &shape) {
  if (stored.tensor->shape != shape)
    throw Error(stored.label() + ": has shape " + text(stored.tensor->shape) + ", the plan's is " +
                text(shape));
}

/// The stored tensors that together are the part's tensor, one after another.
std::vector<StoredTensor> findSources(const HfDirectory &directory, const plan::Part &part) {
  if (const StoredTensor *whole = directory.find(part.name)) {
    requireShape(*whole, part.shape);
    typeOf(*whole);
    return {*whole};
  }
  const std::string first = expertName(part.name, 0);
  if (first.empty() || !directory.find(first))
    throw Error(directory.path().string() + ": " + part.name + ": missing");
  const int64_t experts = part.shape.empty() ? 0 : part.shape.front();
  std::vector<StoredTensor> sources;
  for (int64_t expert = 0; expert < experts; ++expert) {
    const std::string name = expertName(part.name, expert);
    const StoredTensor *stored = directory.find(name);
    if (!stored)
      throw Error(directory.path().string() + ": " + name + ": missing");
    requireShape(*stored, {part.shape.begin() + 1, part.shape.end()});
    typeOf(*stored);
    sources.push_back(*stored);
  }
  if (const StoredTensor *further = directory.find(expertName(part.name, experts)))
    throw Error(further->label() + ": the plan has " + std::to_string(experts) + " experts only");
  return sources;
}

int64_t elementsIn(std::span<const std::byte> bytes, DType type) {
  return static_cast<int64_t>(bytes.size()) / byteSize(type);
}

template <typename Span> Span slice(Span bytes, DType type, int64_t first, int64_t count) {
  return bytes.subspan(static_cast<size_t>(first * byteSize(type)),
                       static_cast<size_t>(count * byteSize(type)));
}

/// Puts elements [first, first + source's) of the published tensor where the part says.
void scatter(const plan::Part &part, int64_t first, DType sourceType,
             std::span<const std::byte> source, DType type, std::span<std::byte> bytes) {
  forEachRun(part, first, elementsIn(source, sourceType),
             [&](int64_t published, int64_t buffer, int64_t count) {
               convertFloats(sourceType, slice(source, sourceType, published - first, count), type,
                             slice(bytes, type, buffer, count));
             });
}

} // namespace

WeightsSummary checkWeights(const HfDirectory &directory, const plan::Plan &plan,
                            const plan::Target &target) {
  std::set<const safetensors::Tensor *> needed;
  std::map<std::pair<std::string, DType>, int64_t> converted;
  for (const plan::Parameter &parameter : plan.parameters) {
    const int index = target.findBuffer(parameter.buffer);
    if (index < 0)
      continue;
    const plan::Buffer &buffer = target.buffers[index];
    for (const plan::Part &part : parameter.parts) {
      checkPart(parameter, part, buffer.elements());
      for (const StoredTensor &stored : findSources(directory, part)) {
        needed.insert(stored.tensor);
        if (typeOf(stored) != buffer.type)
          ++converted[{stored.tensor->dtype, buffer.type}];
      }
    }
  }

  std::set<std::string_view> carried;
  for (const plan::CarriedTensor &tensor : plan.carried)
    carried.insert(tensor.name);
  WeightsSummary summary;
  for (const auto &[key, tensors] : converted)
    summary.conversions.push_back({key.first, key.second, tensors});
  for (const auto &[name, stored] : directory.tensors()) {
    if (needed.contains(stored.tensor))
      continue;
    if (carried.contains(name))
      ++summary.carried;
    else
      summary.unneeded.push_back(stored.tensor->name);
  }
  return summary;
}

std::vector<std::string> WeightsSummary::lines(const HfDirectory &directory) const {
  std::vector<std::string> result;
  const std::string prefix = directory.path().string() + ": ";
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

void readParameter(const HfDirectory &directory, const plan::Parameter &parameter, DType type,
                   std::span<std::byte> bytes) {
  for (const plan::Part &part : parameter.parts) {
    checkPart(parameter, part, elementsIn(bytes, type));
    int64_t first = 0;
    for (const StoredTensor &stored : findSources(directory, part)) {
      scatter(part, first, typeOf(stored), stored.bytes(), type, bytes);
      first += stored.tensor->elements();
    }
  }
}

std::vector<std::byte> extractTensor(const plan::Parameter &parameter, const plan::Part &part,
                                     DType type, std::span<const std::byte> bytes,
                                     DType tensorType) {
  const int64_t elements = checkPart(parameter, part, elementsIn(bytes, type));
  std::vector<std::byte> tensor(static_cast<size_t>(elements * byteSize(tensorType)));
  forEachRun(part, 0, elements, [&](int64_t published, int64_t buffer, int64_t count) {
    convertFloats(type, slice(bytes, type, buffer, count), tensorType,
                  slice(std::span(tensor), tensorType, published, count));
  });
  return tensor;
}

} // namespace step37
