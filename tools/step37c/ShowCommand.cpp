#include "tools/step37c/ShowCommand.h"

#include "bridge/TensorMap.h"
#include "runtime/file/Error.h"
#include "runtime/plan/PlanFile.h"
#include "runtime/report/JsonReport.h"
#include "runtime/report/TextReport.h"

#include <iostream>

namespace step37 {
namespace {

struct ShowOptions {
  std::string plan;
  bool memory = false, kernels = false, params = false, json = false;
};

std::string shown(const ShowOptions &options) {
  const plan::Plan plan = plan::load(options.plan);
  const TensorMap map = tensorMapOf(plan, options.plan);
  if (options.json)
    return report::jsonReport(plan, map.tensors()).dump(1) + "\n";
  std::string text = report::summaryText(plan, map.tensors());
  if (options.memory)
    text += report::memoryText(plan);
  if (options.kernels)
    text += report::kernelsText(plan);
  if (options.params)
    text += report::paramsText(plan, map.tensors());
  return text;
}

} // namespace

void addShowCommand(CLI::App &app) {
  auto *command = app.add_subcommand("show", "print what a plan holds");
  auto options = std::make_shared<ShowOptions>();
  command->add_option("plan", options->plan, "the plan")->required();
  command->add_flag("--memory", options->memory, "add what makes the peak of memory up");
  command->add_flag("--kernels", options->kernels, "add every kernel: variant, why, how often");
  command->add_flag("--params", options->params, "add every published tensor");
  command->add_flag("--json", options->json, "all of it as one JSON document instead");
  command->callback([=] {
    std::cout << shown(*options) << std::flush;
    if (!std::cout)
      throw Error("standard output: cannot write");
  });
}

} // namespace step37
