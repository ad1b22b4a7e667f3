// Scalars in, programs run, numbers out: one step; see Trainer.h.
#include "runtime/train/Trainer.h"
#include "runtime/train/BatchInputs.h"

#include "runtime/base/Error.h"
#include "runtime/train/LearningRate.h"
#include "runtime/plan/Names.h"

#include <array>
#include <chrono>
#include <cmath>
#include <string>

namespace step37 {

Trainer::Trainer(Model &model, Dataset &data, const TrainOptions &options)
    : model(model), options(options), objective(model),
      ahead(data, options, model.rows(), model.seqLen()) {
  model.requirePrograms({plan::accumulateProgram, plan::updateProgram});
  updatesAtOnce = model.executor().target().findProgram(plan::accumulateUpdateProgram) >= 0;
  for (const plan::Parameter &parameter : model.plan().parameters)
    if (parameter.trained &&
        (parameter.gradient.empty() || parameter.moment1.empty() || parameter.moment2.empty()))
      throw Error("the plan's parameter " + parameter.name +
                  " is to be trained, but has no gradient or optimizer state");
}

/// Runs all micro-batches and updates the parameters; the sums of the losses are on their way.
void Trainer::runPrograms(const std::vector<Batch> &batches, int64_t number, double lr) {
  objective.begin();
  for (const Batch &batch : batches)
    objective.count(batch.tokens);
  if (!objective.countsAny())
    throw Error("step " + std::to_string(number) +
                ": no token of its batches counts in the loss: all samples were left out, or the "
                "loss mask is zero; training stops");
  objective.writeScales();
  writeHyper(number, lr);
  for (size_t i = 0; i < batches.size(); ++i) {
    model.writeScalar(plan::names::accumulateBeta, i == 0 ? 0.0f : 1.0f);
    writeBatch(model, batches[i].tokens, batches[i].images);
    const bool joined = updatesAtOnce && i + 1 == batches.size();
    model.run(joined ? plan::accumulateUpdateProgram : plan::accumulateProgram);
    objective.startSums();
  }
  if (!updatesAtOnce)
    model.run(plan::updateProgram);
}

void Trainer::writeHyper(int64_t number, double lr) {
  const OptimizerOptions &optimizer = options.optimizer;
  auto steps = static_cast<double>(number);
  const std::array<double, 7> hyper{lr,
                                    optimizer.beta1,
                                    optimizer.beta2,
                                    optimizer.eps,
                                    optimizer.weight_decay,
                                    1 - std::pow(optimizer.beta1, steps),
                                    1 - std::pow(optimizer.beta2, steps)};
  model.writeScalars("hyper", std::vector<float>(hyper.begin(), hyper.end()));
  model.writeScalar(plan::names::maxNorm, static_cast<float>(optimizer.clip));
}

StepRecord Trainer::step(int64_t number) {
  auto began = std::chrono::steady_clock::now();
  auto requireFinite = [&](const char *what, double value) {
    if (!std::isfinite(value))
      throw Error("step " + std::to_string(number) + ": the " + what + " is " +
                  std::to_string(value) + "; training stops");
  };

  StepRecord record{.step = number, .lr = learningRate(options.optimizer, number, options.steps)};
  const std::vector<Batch> &batches = ahead.of(number);
  if (number < options.steps)
    ahead.begin(number + 1);
  runPrograms(batches, number, record.lr);
  float gradNorm = 0;
  model.startScalar(plan::names::gradNorm, gradNorm);
  model.executor().finishReads();
  record.losses = objective.losses();
  requireFinite("loss", record.losses.total);
  record.gradNorm = gradNorm;
  requireFinite("gradient norm", record.gradNorm);
  ahead.settle();

  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  auto tokens = static_cast<double>(options.grad_accumulation * model.rows() * model.seqLen());
  record.tokensPerSecond = tokens / seconds.count();
  return record;
}

} // namespace step37
