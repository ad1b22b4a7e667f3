// The course of a training run: where it starts, its steps, what is logged and saved on the way.
#include "runtime/base/Error.h"
#include "runtime/checkpoint/Checkpoint.h"
#include "runtime/checkpoint/CheckpointDirectory.h"
#include "runtime/plan/Names.h"
#include "runtime/train/HeldOut.h"
#include "runtime/train/InitialWeights.h"
#include "runtime/train/JsonLines.h"
#include "runtime/train/Run.h"
#include "runtime/train/RunDescription.h"
#include "runtime/train/RunReport.h"
#include "runtime/train/Trainer.h"

#include <memory>
#include <optional>
#include <string>

namespace step37 {

namespace fs = std::filesystem;

namespace {

bool sameDirectory(const fs::path &a, const fs::path &b) {
  return (a / "").lexically_normal() == (b / "").lexically_normal();
}

/// The checkpoint that --resume means, or nothing where the run is to start at its beginning: a
/// command that saves to the directory it resumes from is the same for the first start as for every
/// later one.
std::optional<fs::path> findCheckpoint(const TrainOptions &options, RunLog &log) {
  if (options.resume.empty())
    return std::nullopt;
  if (checkpointStep(options.resume) || fs::exists(options.resume / "manifest.json"))
    return options.resume;
  std::optional<fs::path> newest = CheckpointDirectory(options.resume).newest();
  if (!newest && !sameDirectory(options.resume, options.save))
    throw Error(options.resume.string() + ": holds no complete checkpoint");
  if (!newest)
    log.note(options.resume.string() + ": no complete checkpoint yet, starting at step 1");
  return newest;
}

class TrainingRun {
public:
  TrainingRun(const plan::Plan &plan, const ExecutorOptions &executor, const TrainOptions &options,
              RunLog &log)
      : executorOptions(executor), options(options), log(log), model(plan, executor),
        data(Dataset::open(options.input.data, options.input.built_in_text,
                           DataLimits::of(model.plan()), options.input.conversations)),
        trainer(model, *data, options) {
    model.requirePrograms({plan::evaluateProgram});
  }

  void run() {
    log.note(model.description());
    log.note(data->description());
    noteBadSamples();
    start();
    requireFreeSaveDirectory();
    std::optional<JsonLines> jsonLines;
    if (!options.log.empty() && model.ranks().isRoot())
      jsonLines.emplace(options.log, stepsDone);
    if (stepsDone == 0)
      log.heldOut("before training: ", heldOut());
    log.begin(stepsDone + 1, options.steps);
    while (stepsDone < options.steps) {
      StepRecord record = trainer.step(++stepsDone);
      if (jsonLines)
        jsonLines->write(record);
      log.step(record);
      noteBadSamples();
      if (isDue(options.save_every) && !options.save.empty())
        save();
      if (isDue(options.eval_every) && stepsDone < options.steps)
        log.heldOut("step " + std::to_string(stepsDone) + " ", heldOut());
    }
    const double last = heldOut();
    if (BadSamples *bad = data->badSamples())
      bad->conclude([&](const std::string &line) { log.note(line); });
    reportRun(model.executor(), executorOptions, log);
    log.heldOut("", last);
  }

private:
  void noteBadSamples() {
    if (BadSamples *bad = data->badSamples())
      bad->tell([&](const std::string &line) { log.note(line); });
  }

  /// A tuned product adds up in another order.
  static constexpr const char *tuneEntry = "--tune (SHA-256)";

  /// True behind every `interval` steps and, for saving, behind the last one.
  bool isDue(int64_t interval) const {
    return stepsDone == options.steps || (interval > 0 && stepsDone % interval == 0);
  }

  double heldOut() { return heldOutLoss(model, *data, options.input.eval_rows); }

  void start() {
    if (!options.resume.empty() || !options.save.empty()) {
      description = runDescription(model, *data, options);
      const ProductTable *tuned = executorOptions.tunedProducts;
      description[tuneEntry] = tuned ? nlohmann::json(tuned->sha256()) : nlohmann::json();
    }
    std::optional<fs::path> checkpoint = findCheckpoint(options, log);
    if (!checkpoint)
      return initializeWeights(model, options.input.weights, options.input.seed, log);
    CheckpointManifest manifest = CheckpointManifest::verified(*checkpoint);
    nlohmann::json required = description;
    if (options.ignore_tune)
      required.erase(tuneEntry);
    manifest.requireSameRun(required, *checkpoint);
    restoreCheckpoint(model, *checkpoint);
    stepsDone = manifest.step;
    log.note("resumed from " + checkpoint->string() + " after step " + std::to_string(stepsDone));
  }

  /// Checkpoints of a later step would be taken for this run's newest.
  void requireFreeSaveDirectory() const {
    if (options.save.empty())
      return;
    std::optional<fs::path> newest = CheckpointDirectory(options.save).newest();
    if (newest && *checkpointStep(*newest) > stepsDone)
      throw Error(newest->string() + ": is there already, and this run is at step " +
                  std::to_string(stepsDone) + ": resume it, or save to another directory");
    if (!model.plan().carried.empty())
      log.note("checkpoints hold no tensors that the plan only carries (" +
               std::to_string(model.plan().carried.size()) + ")");
  }

  void save() {
    CheckpointDirectory directory(options.save);
    CheckpointManifest manifest;
    manifest.step = stepsDone;
    manifest.nextSample = stepsDone * options.grad_accumulation * model.rows();
    manifest.seed = options.input.seed;
    manifest.run = description;
    saveCheckpoint(model, std::move(manifest), directory.step(stepsDone));
    if (model.ranks().isRoot())
      directory.advance(stepsDone, options.keep);
  }

  const ExecutorOptions &executorOptions;
  const TrainOptions &options;
  RunLog &log;
  Model model;
  std::unique_ptr<Dataset> data;
  Trainer trainer;
  nlohmann::json description;
  int64_t stepsDone = 0;
};

} // namespace

void runTraining(const plan::Plan &plan, const ExecutorOptions &executor,
                 const TrainOptions &options, RunLog &log) {
  TrainingRun run(plan, executor, options, log);
  job::failingJob(executor.job, [&] { run.run(); });
}

} // namespace step37
