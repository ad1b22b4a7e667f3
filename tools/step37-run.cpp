// step37-run: executes a plan. Flags are RunOptions.h, the work is runtime/train.
#include "runtime/Executor.h"
#include "runtime/ProductTable.h"
#include "runtime/plan/PlanFile.h"
#include "runtime/train/Run.h"
#include "tools/RunOptions.h"

#include <exception>
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
  std::unique_ptr<Executor> measured = Executor::create(plan, executor);
  log.note(measured->description());
  ProductTable table = measured->tuneProducts([&](const std::string &line) { log.note(line); });
  table.save(options.output);
  log.note(options.output.string() + ": " + std::to_string(table.size()) + " products");
}

void run(const RunOptions &options) {
  const plan::Plan plan = plan::load(options.plan);
  RunLog log(std::cout, logStyle(options.quiet));
  ExecutorOptions executor = options.executor;
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

} // namespace

int main(int argc, char **argv) {
  try {
    run(parseRunOptions(argc, argv));
    return 0;
  } catch (const Exit &exit) {
    return exit.code;
  } catch (const std::exception &error) {
    std::cerr << "step37-run: " << error.what() << std::endl;
    return 1;
  }
}
