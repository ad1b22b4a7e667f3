// step37-run: executes a plan. Flags are RunOptions.h, the work is runtime/train.
#include "runtime/base/MappedFile.h"
#include "runtime/base/Sha256.h"
#include "runtime/exec/CreateExecutor.h"
#include "runtime/exec/base/ProductTable.h"
#include "runtime/job/Job.h"
#include "runtime/job/Launcher.h"
#include "runtime/plan/PlanFile.h"
#include "runtime/train/Run.h"
#include "tools/Program.h"
#include "tools/RunOptions.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unistd.h>
#include <variant>

using namespace step37;

namespace {

RunLog::Style logStyle(bool quiet) {
  if (quiet)
    return RunLog::Style::quiet;
  return isatty(STDOUT_FILENO) ? RunLog::Style::terminal : RunLog::Style::plain;
}

void tune(const plan::Plan &plan, const ExecutorOptions &executor, const TuneOptions &options,
          RunLog &log) {
  std::unique_ptr<Executor> measured = createExecutor(plan, executor);
  log.note(measured->description());
  ProductTable table = measured->tuneProducts([&](const std::string &line) { log.note(line); });
  table.save(options.output);
  log.note(options.output.string() + ": " + std::to_string(table.size()) + " products");
}

/// What a launcher has made this process, where it has started several.
std::optional<job::RankEnvironment> ranksFromLauncher() {
  std::optional<job::RankEnvironment> ranks =
      job::rankEnvironment([](const char *name) { return std::getenv(name); });
  return ranks && ranks->world > 1 ? ranks : std::nullopt;
}

/// Does the work as the only process, or as a rank of `job`. Of several ranks the first one talks.
void run(const RunOptions &options, job::Job *job) {
  const plan::Plan plan = plan::load(options.plan);
  std::ostream nowhere(nullptr);
  RunLog log(job && !job->isRoot() ? nowhere : std::cout, logStyle(options.quiet));
  ExecutorOptions executor = options.executor;
  if (job) {
    executor.job = job;
    executor.ordinal = job->localRank();
  }
  std::optional<ProductTable> tuned;
  if (!options.tune.empty())
    executor.tunedProducts = &tuned.emplace(ProductTable::load(options.tune));
  auto start = [&](const auto &work) {
    using Work = std::decay_t<decltype(work)>;
    if constexpr (std::is_same_v<Work, TrainOptions>)
      runTraining(plan, executor, work, log);
    else if constexpr (std::is_same_v<Work, InputOptions>)
      runEvaluation(plan, executor, work, log);
    else if constexpr (std::is_same_v<Work, ProbeOptions>)
      runProbe(plan, executor, work, log);
    else
      tune(plan, executor, work, log);
  };
  std::visit(start, options.work);
}

/// A rank of a job: whatever goes wrong ends all of it.
int runAsRank(const RunOptions &options, const job::RankEnvironment &ranks) {
  job::Job job({ranks, std::chrono::milliseconds(static_cast<int64_t>(options.timeout * 1000)),
                sha256Hex(MappedFile(options.plan).bytes())});
  job::failingJob(&job, [&] {
    run(options, &job);
    job.finish();
  });
  return 0;
}

int start(int argc, char **argv) {
  const RunOptions options = parseRunOptions(argc, argv);
  if (const std::optional<job::RankEnvironment> ranks = ranksFromLauncher())
    return runAsRank(options, *ranks);
  if (options.ranks > 1)
    return job::launchRanks(options.ranks, {argv, argv + argc});
  run(options, nullptr);
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  return exitCodeOf("step37-run", [&] {
    try {
      return start(argc, argv);
    } catch (const Exit &exit) {
      return exit.code;
    } catch (const job::Ended &) {
      return 1; // the job has said why
    }
  });
}
