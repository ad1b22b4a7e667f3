// Every published tensor goes to the parameter's buffers and to its masters at once; see
// InitialWeights.h.
#include "runtime/train/InitialWeights.h"

#include "bridge/RandomInit.h"
#include "bridge/WeightSource.h"
#include "bridge/WeightsCheck.h"
#include "runtime/checkpoint/ParameterPlaces.h"

#include <memory>
#include <string>
#include <vector>

namespace step37 {

namespace {

std::unique_ptr<WeightSource> openChecked(const Model &model,
                                          const std::filesystem::path &directory, RunLog &log) {
  std::unique_ptr<WeightSource> weights = openWeights(directory);
  WeightsSummary summary = checkWeights(*weights, model.plan(), model.executor().target());
  for (const std::string &line : summary.lines(*weights))
    log.note(line);
  return weights;
}

} // namespace

void initializeWeights(Model &model, const std::filesystem::path &directory, uint64_t seed,
                       RunLog &log) {
  std::unique_ptr<WeightSource> weights;
  if (!directory.empty())
    weights = openChecked(model, directory, log);
  else
    log.note("random initialisation, seed " + std::to_string(seed));
  const plan::Mesh &mesh = model.plan().mesh;
  // What belongs to no tensor, padding, stays zero: buffers begin so.
  for (const plan::Parameter &parameter : model.plan().parameters)
    for (const plan::Part &part : parameter.parts) {
      std::vector<PartPlace> places{weightPlace(model, parameter, part)};
      if (!parameter.master.empty())
        places.push_back(statePlace(model, parameter, part, parameter.master));
      if (weights)
        writePart(model.ranks(), mesh, places, storedValues(*weights->open(part.name, part.shape)));
      else
        writePart(model.ranks(), mesh, places, initialValues(part, seed));
    }
}

} // namespace step37
