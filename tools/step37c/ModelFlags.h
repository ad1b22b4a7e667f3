// The flags that say what is compiled and how it is sharded, whatever the sizes of the mesh: what
// `step37c compile` and `step37c plan-mesh` have in common.
#pragma once

#include "codegen/driver/Compiler.h"

#include <CLI/CLI.hpp>

namespace step37 {

/// Adds CONFIG and the options; `options` must outlive the parsing. CONFIG may be missing.
void addModelFlags(CLI::App &command, CompileOptions &options);

/// How many there are of anything: at least one.
CLI::Range positiveCount();

} // namespace step37
