#include "tools/step37c/ConversionFlags.h"

#include "frontend/config/ModelConfig.h"
#include "runtime/base/Quantities.h"

#include <iostream>
#include <limits>

namespace step37 {

RankSelection ConversionFlags::selection() const {
  return {parseLayout(layout).value(), mesh, rank};
}

void addConversionFlags(CLI::App &command, ConversionFlags &flags,
                        const std::vector<std::string> &layouts) {
  flags.layout = layouts.front();
  flags.options.threads = copyThreads();
  command
      .add_option("source", flags.source,
                  "directory of published weights, or one that import wrote")
      ->required();
  command.add_option("--layout", flags.layout, "of the output")
      ->check(CLI::IsMember(layouts))
      ->capture_default_str();
  const auto addAxis = [&](const char *name, int64_t &axis, const char *text) {
    constexpr int64_t most = 1 << 16;
    command.add_option(name, axis, text)
        ->check(CLI::Range(int64_t{1}, most))
        ->capture_default_str();
  };
  addAxis("--tp", flags.mesh.tp, "ranks that share a layer's rows and columns");
  addAxis("--ep", flags.mesh.ep, "ranks that share the experts");
  addAxis("--etp", flags.mesh.etp, "ranks that share each expert");
  command.add_option("--rank", flags.rank, "this rank's slices only")
      ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()));
  command.add_flag("--strict", flags.options.strict,
                   "refuse tensors that the config does not have");
  command.add_option("--threads", flags.options.threads, "threads that copy")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
}

OpenedSource openSource(const std::string &directory) {
  auto weights = openWeights(directory);
  TensorMap map(loadModelConfig(weights->companions()).config);
  return {std::move(weights), std::move(map)};
}

void printSummary(const char *did, const ConversionSummary &summary) {
  std::cout << did << ' ' << counted(summary.tensors, "tensor") << ", "
            << counted(summary.parameters, "parameter") << ": " << counted(summary.files, "file")
            << ", " << counted(summary.bytes, "byte") << '\n';
  if (!summary.digest.empty())
    std::cout << "sha256 of the blocks' hashes: " << summary.digest << '\n';
  const auto list = [](const char *what, const std::vector<std::string> &names) {
    if (names.empty())
      return;
    std::cout << names.size() << what;
    for (const std::string &name : names)
      std::cout << ' ' << name;
    std::cout << '\n';
  };
  list(" extra, not in the config and left out:", summary.extra);
  list(" links that lead elsewhere, left out:", summary.leftOut);
}

} // namespace step37
