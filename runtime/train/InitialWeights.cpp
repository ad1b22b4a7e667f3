// One parameter of one rank at a time is in memory, as f32; see InitialWeights.h.
#include "runtime/train/InitialWeights.h"

#include "bridge/ParameterIO.h"
#include "bridge/RandomInit.h"
#include "bridge/WeightSource.h"
#include "runtime/base/FloatConversion.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace step37 {

namespace {

/// Writes a rank's values of a parameter, laid out as its buffer is, to the buffer, and its share
/// of them to the master.
void writeParameter(Model &model, int rank, const plan::Parameter &parameter,
                    const std::vector<float> &values) {
  const int buffer = model.buffer(parameter.buffer);
  std::vector<std::byte> rounded(static_cast<size_t>(model.bufferOf(buffer).bytes()));
  convertFloats(values, model.bufferOf(buffer).type, rounded);
  model.ranks().write(rank, buffer, 0, rounded);
  if (parameter.master.empty())
    return;
  const int master = model.buffer(parameter.master);
  const auto size = static_cast<size_t>(model.bufferOf(master).elements());
  const auto share =
      static_cast<size_t>(plan::indexAlong(model.plan().mesh, parameter.state_split, rank));
  const size_t begin = std::min(share * size, values.size());
  const auto held = std::span(values).subspan(begin, std::min(size, values.size() - begin));
  model.ranks().write(rank, master, 0, std::as_bytes(held));
}

} // namespace

void initializeWeights(Model &model, const std::filesystem::path &directory, uint64_t seed,
                       RunLog &log) {
  std::unique_ptr<WeightSource> weights;
  if (!directory.empty()) {
    weights = openWeights(directory);
    WeightsSummary summary = checkWeights(*weights, model.plan(), model.executor().target());
    for (const std::string &line : summary.lines(*weights))
      log.note(line);
  } else {
    log.note("random initialisation, seed " + std::to_string(seed));
  }
  for (const plan::Parameter &parameter : model.plan().parameters) {
    const plan::Buffer &buffer = model.bufferOf(model.buffer(parameter.buffer));
    for (int rank = 0; rank < model.ranks().count(); ++rank) {
      if (!model.ranks().isHere(rank))
        continue;
      std::vector<float> values(static_cast<size_t>(buffer.elements()), 0.0f); // padding stays zero
      auto bytes = std::as_writable_bytes(std::span(values));
      const plan::Mesh &mesh = model.plan().mesh;
      if (weights)
        readParameter(*weights, parameter, DType::f32, bytes, mesh, rank);
      else
        initializeParameter(parameter, seed, DType::f32, bytes, mesh, rank);
      writeParameter(model, rank, parameter, values);
    }
  }
}

} // namespace step37
