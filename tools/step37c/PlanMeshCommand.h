// The flags of `step37c plan-mesh`.
#pragma once

#include <CLI/CLI.hpp>

namespace step37 {

/// Adds the subcommand; it runs when the command line is parsed.
void addPlanMeshCommand(CLI::App &app);

} // namespace step37
