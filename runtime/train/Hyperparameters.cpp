#include "runtime/train/Hyperparameters.h"

#include "runtime/base/Error.h"
#include "runtime/plan/Names.h"

#include <cmath>
#include <string_view>

namespace step37 {
namespace {

struct Step {
  const OptimizerOptions &options;
  double learningRate, number;
};

struct Hyperparameter {
  std::string_view name;
  double (*value)(const Step &step);
};

constexpr Hyperparameter table[] = {
    {"learning_rate", [](const Step &step) { return step.learningRate; }},
    {"beta1", [](const Step &step) { return step.options.beta1; }},
    {"beta2", [](const Step &step) { return step.options.beta2; }},
    {"eps", [](const Step &step) { return step.options.eps; }},
    {"weight_decay", [](const Step &step) { return step.options.weight_decay; }},
    {"correction1", [](const Step &step) { return 1 - std::pow(step.options.beta1, step.number); }},
    {"correction2", [](const Step &step) { return 1 - std::pow(step.options.beta2, step.number); }},
};

const Hyperparameter *find(std::string_view name) {
  for (const Hyperparameter &hyperparameter : table)
    if (hyperparameter.name == name)
      return &hyperparameter;
  return nullptr;
}

} // namespace

Hyperparameters::Hyperparameters(const Model &model) {
  constexpr std::string_view prefix = plan::names::optimizerPrefix;
  for (const plan::Buffer &buffer : model.executor().target().buffers) {
    if (buffer.cls != plan::BufferClass::scalar || !buffer.name.starts_with(prefix))
      continue;
    names.push_back(buffer.name.substr(prefix.size()));
    if (!find(names.back()))
      throw Error("the plan's optimizer takes a hyperparameter that this program does not know: " +
                  names.back());
  }
}

void Hyperparameters::write(Model &model, const OptimizerOptions &options, double learningRate,
                            int64_t number) const {
  const Step step{options, learningRate, static_cast<double>(number)};
  for (const std::string &name : names)
    model.writeScalar(plan::names::hyperparameter(name),
                      static_cast<float>(find(name)->value(step)));
}

} // namespace step37
