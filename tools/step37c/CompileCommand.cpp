#include "tools/step37c/CompileCommand.h"

#include "codegen/cost/Cluster.h"
#include "runtime/base/Error.h"
#include "runtime/plan/PlanFile.h"
#include "tools/step37c/ModelFlags.h"

#include <iostream>

namespace step37 {
namespace {

void listSwitches() {
  for (const Switch &entry : switchTable()) {
    std::string values;
    for (std::string_view word : entry.values)
      values += (values.empty() ? "" : "|") + std::string(word);
    if (entry.kind != SwitchKind::word)
      values = entry.kind == SwitchKind::count ? "N" : "X";
    std::cout << entry.key << "=" << values << "\n    " << entry.meaning
              << (entry.values.empty() ? ""
                                       : " (default " + std::string(entry.values.front()) + ")")
              << "\n";
  }
}

int64_t budgetFlag(const std::string &text) {
  try {
    return report::parseBytes("--memory-budget", text);
  } catch (const Error &error) {
    throw CLI::ValidationError(error.what());
  }
}

} // namespace

void addCompileCommand(CLI::App &app) {
  auto *command = app.add_subcommand("compile", "compile a config.json to a plan");
  auto options = std::make_shared<CompileOptions>();
  auto output = std::make_shared<std::string>();
  auto target = std::make_shared<std::string>("all");
  auto listSet = std::make_shared<bool>(false);
  command->add_flag("--list-set", *listSet, "print the keys of --set and exit");
  command->add_option("-o,--output", *output, "the plan to write");

  addModelFlags(*command, *options);
  const CLI::Range positive = positiveCount();
  CLI::Option_group *device = command->add_option_group("What it can run on");
  device->add_option("--arch", options->arch, "GPU architecture of the cuda target")
      ->capture_default_str();
  device->add_option("--target", *target, "what the plan can run on")
      ->check(CLI::IsMember([] {
        std::vector<std::string> names = supportedTargets();
        names.push_back("all");
        return names;
      }()))
      ->capture_default_str();
  device->add_flag("!--no-kernel-images", options->kernelImages,
                   "leave kernels uncompiled: to plan on paper; no GPU can run such a plan");

  CLI::Option_group *memory = command->add_option_group("Memory");
  memory->add_option_function<std::string>(
      "--memory-budget",
      [options](const std::string &text) { options->memoryBudget = budgetFlag(text); },
      "what a plan may take of a rank's memory, as 141GB or 100GiB: as little is computed again as "
      "fits (with --recompute: only checked)");

  CLI::Option_group *mesh = command->add_option_group("Mesh (world = dp·tp; ep·etp divides it)");
  mesh->add_option("--dp", options->mesh.dp,
                   "data-parallel ranks (default: the smallest that makes the experts fit)")
      ->check(positive);
  mesh->add_option("--tp", options->mesh.tp, "tensor-parallel ranks")
      ->check(positive)
      ->capture_default_str();
  mesh->add_option("--ep", options->mesh.ep, "ranks that experts are spread over")
      ->check(positive)
      ->capture_default_str();
  mesh->add_option("--etp", options->mesh.etp, "ranks that each expert is split over")
      ->check(positive)
      ->capture_default_str();

  CLI::Option_group *look = command->add_option_group("Looking inside");
  look->add_option("--dump-dir", options->dumpDir,
                   "write the program after every pass into this folder");
  look->add_option("--stop-after", options->stopAfter, "stop after this phase, without a plan")
      ->check(CLI::IsMember(phaseNames()));

  command->callback([=] {
    if (*listSet)
      return listSwitches();
    if (options->config.empty())
      throw CLI::RequiredError("config");
    if (output->empty() && options->stopAfter.empty())
      throw CLI::RequiredError("--output");
    if (*target != "all")
      options->targets = {*target};
    if (std::optional<plan::Plan> plan = compile(*options))
      plan::save(*plan, *output);
  });
}

} // namespace step37
