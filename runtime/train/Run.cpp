// Evaluation and probing as runs of their own. Training is TrainingRun.cpp.
#include "runtime/train/Run.h"

#include "runtime/plan/Names.h"
#include "runtime/train/HeldOut.h"
#include "runtime/train/InitialWeights.h"
#include "runtime/train/Probe.h"
#include "runtime/train/RunReport.h"

#include <memory>

namespace step37 {

void runEvaluation(const plan::Plan &plan, const ExecutorOptions &executor,
                   const InputOptions &options, RunLog &log) {
  Model model(plan, executor);
  model.requirePrograms({plan::evaluateProgram});
  log.note(model.description());
  job::failingJob(executor.job, [&] {
    std::unique_ptr<Dataset> data = Dataset::open(
        options.data, options.built_in_text, DataLimits::of(model.plan()), options.conversations);
    log.note(data->description());
    initializeWeights(model, options.weights, options.seed, log);
    const double loss = heldOutLoss(model, *data, options.eval_rows);
    if (BadSamples *bad = data->badSamples())
      bad->conclude([&](const std::string &line) { log.note(line); });
    reportRun(model.executor(), executor, log);
    log.heldOut("", loss);
  });
}

void runProbe(const plan::Plan &plan, const ExecutorOptions &executor, const ProbeOptions &options,
              RunLog &log) {
  Model model(plan, executor);
  log.note(model.description());
  job::failingJob(executor.job, [&] {
    initializeWeights(model, options.weights, options.seed, log);
    probe(model, options);
    reportRun(model.executor(), executor, log);
  });
}

} // namespace step37
