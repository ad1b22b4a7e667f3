#include "tools/step37c/ImportCommand.h"

#include "bridge/PlanFit.h"
#include "runtime/plan/PlanFile.h"
#include "tools/step37c/ConversionFlags.h"
#include "tools/step37c/ProgressBar.h"

#include <memory>

namespace step37 {

namespace {

struct ImportFlags : ConversionFlags {
  std::string plan;
  bool check = false;
};

void runImport(ImportFlags flags) {
  const OpenedSource source = openSource(flags.source);
  if (!flags.plan.empty()) {
    const plan::Plan plan = plan::load(flags.plan);
    checkPlanFits(plan, source.map);
    flags.mesh = plan.mesh;
  }
  ProgressBar bar(flags.check ? "check" : "import");
  flags.options.progress = [&](int64_t done, int64_t total) { bar.update(done, total); };
  if (flags.check)
    printSummary("checked",
                 checkRanks(*source.weights, source.map, flags.selection(), flags.options));
  else
    printSummary("imported", writeRanks(*source.weights, source.map, flags.selection(),
                                        flags.output, flags.options));
}

} // namespace

void addImportCommand(CLI::App &app) {
  auto *command = app.add_subcommand("import", "cut published weights into those of each rank");
  auto flags = std::make_shared<ImportFlags>();
  addConversionFlags(*command, *flags, {"plan", "megatron", "megatron-expanded"});
  auto *plan = command->add_option("--plan", flags->plan, "the plan whose mesh and layout to use");
  for (const char *name : {"--tp", "--ep", "--etp", "--layout"})
    plan->excludes(command->get_option(name));
  auto *check = command->add_flag("--check", flags->check,
                                  "read and hash the slices, print the hash, write nothing");
  auto *output = command->add_option("-o,--output", flags->output, "directory to write");
  check->excludes(output);
  command->callback([=] {
    if (check->empty() && output->empty())
      throw CLI::RequiredError("--output");
    runImport(*flags);
  });
}

} // namespace step37
