// gpu_check: one verdict on what a GPU run left behind, as one line, and exit code 1 if it fails.
// tools/test-gpu.sh and tools/bench.sh call it; the verdicts are RunComparison.h and LastPage.h.
#include "runtime/base/Safetensors.h"
#include "test/cuda/LastPage.h"
#include "test/cuda/RunComparison.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <iostream>
#include <random>

using namespace step37;
using namespace step37::test;

namespace {

/// Rows of random tokens, for training on the same data over and over.
Verdict writeTokens(const std::filesystem::path &path, int64_t rows, int64_t seqLen,
                    int32_t vocab) {
  std::mt19937 random(1);
  std::vector<int32_t> ids(static_cast<size_t>(rows * seqLen));
  for (int32_t &id : ids)
    id = static_cast<int32_t>(random() % static_cast<uint32_t>(vocab));
  safetensors::Writer writer(path, {{"input_ids", DType::i32, {rows, seqLen}}});
  writer.write("input_ids", std::as_bytes(std::span(ids)));
  writer.commit();
  return {true, path.string()};
}

int finish(const std::string &name, const std::function<Verdict()> &judge) {
  try {
    const Verdict verdict = judge();
    std::cout << (verdict.holds ? "ok    " : "FAIL  ") << name << ": " << verdict.text << std::endl;
    return verdict.holds ? 0 : 1;
  } catch (const std::exception &error) {
    std::cout << "FAIL  " << name << ": " << error.what() << std::endl;
    return 1;
  }
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Judges what a GPU run has left.", "gpu_check");
  app.require_subcommand(1);
  std::string name = "check", device = "cuda";
  app.add_option("--name", name, "What is printed before the verdict");
  std::filesystem::path first, second, third;
  ProbeLimits limits;
  double within = 0;
  int64_t rows = 0, seqLen = 0;
  int32_t vocab = 0;
  std::function<Verdict()> judge;

  auto add = [&](const char *command, const char *text, std::function<Verdict()> verdict) {
    CLI::App *sub = app.add_subcommand(command, text);
    sub->callback([&judge, verdict] { judge = verdict; });
    sub->add_option("FILE", first)->required();
    return sub;
  };
  CLI::App *probe = add("probe", "A probe beside golden values",
                        [&] { return compareProbe(first, second, third, limits); });
  probe->add_option("GOLDEN", second)->required();
  probe->add_option("GRADIENTS", third)->required();
  probe->add_option("--logits", limits.logits)->required();
  probe->add_option("--median", limits.median)->required();
  probe->add_option("--p90", limits.ninetieth)->required();
  probe->add_option("--gradient", limits.gradient)->required();
  CLI::App *curves =
      add("curves", "Two logs", [&] { return compareCurves(first, second, within); });
  curves->add_option("OTHER", second)->required();
  curves->add_option("--within", within)->required();
  add("same", "Two logs, bit for bit", [&] { return sameCurves(first, second); })
      ->add_option("OTHER", second)
      ->required();
  add("falling", "A log's losses", [&] { return fallingCurve(first, within); })
      ->add_option("--by", within)
      ->required();
  add("memory", "What a run printed", [&] { return memoryHeld(first, within); })
      ->add_option("--within", within)
      ->required();
  add("last-page", "A plan", [&] {
    return lastPageIsUsed(first, device);
  })->add_option("--device", device);
  CLI::App *tokens = add("tokens", "Writes a file of random tokens for --data",
                         [&] { return writeTokens(first, rows, seqLen, vocab); });
  tokens->add_option("--rows", rows)->required();
  tokens->add_option("--seq-len", seqLen)->required();
  tokens->add_option("--vocab", vocab)->required();
  CLI11_PARSE(app, argc, argv);
  return finish(name, judge);
}
