// The command line of step37-run as typed, checked values.
#pragma once

#include "runtime/exec/base/Executor.h"
#include "runtime/train/Options.h"

#include <filesystem>
#include <variant>

namespace step37 {

/// `step37-run tune`: measure the algorithms of the plan's products.
struct TuneOptions {
  std::filesystem::path output;
};

struct RunOptions {
  std::filesystem::path plan;
  ExecutorOptions executor;
  std::filesystem::path tune; // table of tuned products that the run uses; empty: none
  int ranks = 0;        // processes to start, a rank and a GPU each; 0: none, this is the rank
  double timeout = 600; // seconds that a rank waits for others
  bool quiet = false;
  std::variant<TrainOptions, InputOptions, ProbeOptions, TuneOptions> work; // --train, --eval, …
};

/// Parses the arguments. After --help, --version or wrong usage it has printed what is to be said
/// and throws Exit.
RunOptions parseRunOptions(int argc, char **argv);

struct Exit {
  int code;
};

} // namespace step37
