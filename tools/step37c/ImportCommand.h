// The flags of `step37c import`.
#pragma once

#include <CLI/CLI.hpp>

namespace step37 {

/// Adds the subcommand; it runs when the command line is parsed.
void addImportCommand(CLI::App &app);

} // namespace step37
