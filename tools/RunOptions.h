// The command line of step37-run as typed, checked values.
#pragma once

#include "runtime/Executor.h"
#include "runtime/train/Options.h"

#include <filesystem>
#include <variant>

namespace step37 {

struct RunOptions {
  std::filesystem::path plan;
  ExecutorOptions executor;
  bool quiet = false;
  std::variant<TrainOptions, InputOptions, ProbeOptions> work; // --train, --eval, --probe
};

/// Parses the arguments. After --help, --version or wrong usage it has printed what is to be said
/// and throws Exit.
RunOptions parseRunOptions(int argc, char **argv);

struct Exit {
  int code;
};

} // namespace step37
