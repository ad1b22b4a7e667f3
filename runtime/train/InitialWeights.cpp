// One parameter at a time is in memory, as f32; see InitialWeights.h.
#include "runtime/train/InitialWeights.h"

#include "bridge/ParameterIO.h"
#include "bridge/RandomInit.h"
#include "bridge/WeightSource.h"
#include "runtime/plan/FloatConversion.h"

#include <memory>
#include <string>
#include <vector>

namespace step37 {

namespace {

void writeEverywhere(Model &model, int buffer, std::span<const std::byte> bytes) {
  for (int rank = 0; rank < model.executor().localRanks(); ++rank)
    model.executor().write(rank, buffer, 0, bytes);
}

/// Writes a parameter's values, laid out as its buffer is, to the buffer and the master.
void writeParameter(Model &model, const plan::Parameter &parameter,
                    const std::vector<float> &values) {
  const int buffer = model.buffer(parameter.buffer);
  std::vector<std::byte> rounded(static_cast<size_t>(model.bufferOf(buffer).bytes()));
  convertFloats(values, model.bufferOf(buffer).type, rounded);
  writeEverywhere(model, buffer, rounded);
  if (!parameter.master.empty())
    writeEverywhere(model, model.buffer(parameter.master), std::as_bytes(std::span(values)));
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
    std::vector<float> values(static_cast<size_t>(buffer.elements()), 0.0f);
    auto bytes = std::as_writable_bytes(std::span(values));
    if (weights)
      readParameter(*weights, parameter, DType::f32, bytes);
    else
      initializeParameter(parameter, seed, DType::f32, bytes);
    writeParameter(model, parameter, values);
  }
}

} // namespace step37
