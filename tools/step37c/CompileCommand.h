// The flags of `step37c compile` and `step37c --list-set`.
#pragma once

#include <CLI/CLI.hpp>

namespace step37 {

/// Adds the subcommand; it runs when the command line is parsed.
void addCompileCommand(CLI::App &app);

} // namespace step37
