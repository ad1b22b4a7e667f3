#include "tools/step37c/ShowCommand.h"

#include "runtime/plan/PlanFile.h"

namespace step37 {
void addShowCommand(CLI::App &app) {
  auto *command = app.add_subcommand("show", "print what a plan holds");
  auto path = std::make_shared<std::string>();
  command->add_option("plan", *path, "the plan")->required();
  command->callback([=] { plan::load(*path); });
}
} // namespace step37
