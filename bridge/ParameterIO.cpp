// Moves elements between published tensors and parameters; see ParameterIO.h.
#include "bridge/ParameterIO.h"

#include "bridge/PartRuns.h"
#include "runtime/base/FloatConversion.h"
#include "runtime/base/Safetensors.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace step37 {

namespace {

/// Tensors are read in pieces of so many elements.
constexpr int64_t pieceElements = 1 << 20;

int64_t elementsIn(std::span<const std::byte> bytes, DType type) {
  return static_cast<int64_t>(bytes.size()) / byteSize(type);
}

template <typename Span> Span slice(Span bytes, DType type, int64_t first, int64_t count) {
  return bytes.subspan(static_cast<size_t>(first * byteSize(type)),
                       static_cast<size_t>(count * byteSize(type)));
}

/// The elements of a range that a rank has any of.
struct Hull {
  int64_t first = std::numeric_limits<int64_t>::max(), end = 0;

  int64_t count() const { return end - first; }
  bool isEmpty() const { return end <= first; }
};

Hull hullOf(const PartRuns &runs, int64_t first, int64_t count) {
  Hull hull;
  runs.forEach(first, count, [&](int64_t published, int64_t, int64_t run) {
    hull.first = std::min(hull.first, published);
    hull.end = std::max(hull.end, published + run);
  });
  return hull;
}

/// Puts elements [first, first + source's) of the published tensor where the part says.
void scatter(const PartRuns &runs, int64_t first, DType sourceType,
             std::span<const std::byte> source, DType type, std::span<std::byte> bytes) {
  runs.forEach(first, elementsIn(source, sourceType),
               [&](int64_t published, int64_t buffer, int64_t count) {
                 convertFloats(sourceType, slice(source, sourceType, published - first, count),
                               type, slice(bytes, type, buffer, count));
               });
}

} // namespace

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

void readParameter(const WeightSource &source, const plan::Parameter &parameter, DType type,
                   std::span<std::byte> bytes, const plan::Mesh &mesh, int64_t rank) {
  std::vector<std::byte> piece;
  for (const plan::Part &part : parameter.parts) {
    const int64_t elements = checkPart(parameter, part, elementsIn(bytes, type), mesh);
    const PartRuns runs(part, mesh, rank);
    const auto tensor = source.open(part.name, part.shape);
    const int64_t width = byteSize(tensor->type());
    for (int64_t first = 0; first < elements; first += pieceElements) {
      const Hull hull = hullOf(runs, first, std::min(pieceElements, elements - first));
      if (hull.isEmpty())
        continue;
      piece.resize(static_cast<size_t>(hull.count() * width));
      tensor->read(hull.first * width, piece);
      scatter(runs, hull.first, tensor->type(), piece, type, bytes);
      tensor->release(hull.first * width, hull.count() * width);
    }
  }
}

std::vector<std::byte> extractTensor(const plan::Parameter &parameter, const plan::Part &part,
                                     DType type, std::span<const std::byte> bytes,
                                     DType tensorType) {
  const int64_t elements = checkPart(parameter, part, elementsIn(bytes, type));
  std::vector<std::byte> tensor(static_cast<size_t>(elements * byteSize(tensorType)));
  PartRuns(part).forEach(0, elements, [&](int64_t published, int64_t buffer, int64_t count) {
    convertFloats(type, slice(bytes, type, buffer, count), tensorType,
                  slice(std::span(tensor), tensorType, published, count));
  });
  return tensor;
}

} // namespace step37
