// step37c: compiles configs to plans, shows plans, converts checkpoints. Flags to calls; exit code
// 1 for what was given or met, 2 for wrong usage.
#include "tools/Program.h"
#include "tools/step37c/ExportCommand.h"
#include "tools/step37c/ImportCommand.h"
#include "tools/step37c/NamesCommand.h"
#include "tools/step37c/ShowCommand.h"
#include "tools/step37c/VerifyCommand.h"
#ifdef STEP37_COMPILER
#include "tools/step37c/CompileCommand.h"
#include "tools/step37c/PlanMeshCommand.h"
#endif

#include <CLI/CLI.hpp>

int main(int argc, char **argv) {
  CLI::App app("Compiler for Step-3.5-Flash and Step-3.7-Flash", "step37c");
  app.set_version_flag("--version", step37::versionOf("step37c"));
  app.require_subcommand(1);
#ifdef STEP37_COMPILER
  step37::addCompileCommand(app);
  step37::addPlanMeshCommand(app);
#endif
  step37::addShowCommand(app);
  step37::addImportCommand(app);
  step37::addExportCommand(app);
  step37::addVerifyCommand(app);
  step37::addNamesCommand(app);
  return step37::exitCodeOf("step37c: error", [&] {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
      return app.exit(error) == 0 ? 0 : 2;
    }
    return 0;
  });
}
