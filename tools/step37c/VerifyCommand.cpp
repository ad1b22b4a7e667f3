#include "tools/step37c/VerifyCommand.h"

#include "bridge/Compare.h"
#include "bridge/WorkItems.h"
#include "runtime/base/Error.h"
#include "runtime/base/Quantities.h"
#include "tools/step37c/ProgressBar.h"

#include <iostream>
#include <memory>

namespace step37 {

namespace {

struct VerifyFlags {
  std::string a, b;
  int threads = copyThreads();
};

void runVerify(const VerifyFlags &flags) {
  const auto a = openWeights(flags.a), b = openWeights(flags.b);
  Comparison comparison;
  {
    ProgressBar bar("verify");
    comparison = compareWeights(
        *a, *b, {flags.threads, [&](int64_t done, int64_t total) { bar.update(done, total); }});
  }
  for (const std::string &line : comparison.differences)
    std::cout << line << '\n';
  if (!comparison.differences.empty())
    throw Error(flags.a + " and " + flags.b + " differ: " +
                counted(static_cast<int64_t>(comparison.differences.size()), "difference"));
  std::cout << "equal: " << counted(comparison.tensors, "tensor") << ", "
            << counted(comparison.bytes, "byte") << '\n';
}

} // namespace

void addVerifyCommand(CLI::App &app) {
  auto *command = app.add_subcommand("verify", "compare two directories of weights, in any form: "
                                               "names, shapes, types, bytes");
  auto flags = std::make_shared<VerifyFlags>();
  command->add_option("a", flags->a, "a directory of weights")->required();
  command->add_option("b", flags->b, "another one")->required();
  command->add_option("--threads", flags->threads, "threads that read")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->callback([=] { runVerify(*flags); });
}

} // namespace step37
