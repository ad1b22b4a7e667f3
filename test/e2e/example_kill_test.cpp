// The example model, killed with SIGKILL at random moments, often while saving, and resumed: ends
// with the same losses, weights and optimizer state as a run left alone. KILL_ROUNDS: how often it
// is killed.
#include "runtime/base/Sha256.h"
#include "test/e2e/Programs.h"

#include <chrono>
#include <random>
#include <thread>

namespace step37::test {
namespace {

using Clock = std::chrono::steady_clock;

class KilledExample : public Programs {
protected:
  static constexpr const char *steps = "24";

  void SetUp() override {
    plan = compile(STEP37_EXAMPLE, "example.plan",
                   {"--dtype", "bf16", "--seq-len", "64", "--micro-batch", "2"});
  }

  ChildProcess start(const std::string &name) const {
    return ChildProcess(STEP37_RUN,
                        {plan, "--train", "--steps", steps, "--save", path(name), "--save-every",
                         "3", "--resume", path(name), "--log", path(name + ".jsonl"), "--eval-rows",
                         "4"},
                        scratch / (name + ".out"));
  }

  /// Losses and hashes of the last checkpoint's files.
  std::vector<std::string> resultOf(const std::string &name) const {
    std::vector<std::string> result = textsOf(readLog(scratch / (name + ".jsonl")));
    EXPECT_EQ(std::to_string(result.size()), steps);
    const fs::path last = scratch / name / (std::string("step-0000") + steps);
    for (const char *file : {"model.safetensors", "optimizer.safetensors", "manifest.json"})
      result.push_back(file + sha256Hex(fileText(last / file)));
    return result;
  }

  std::string plan;
};

TEST_F(KilledExample, endsLikeARunLeftAlone) {
  const auto began = Clock::now();
  ChildProcess reference = start("reference");
  ASSERT_EQ(reference.wait(), 0) << reference.stderrText();
  const std::chrono::duration<double> whole = Clock::now() - began;
  const auto expected = resultOf("reference");

  std::mt19937 random(7);
  // Short lives: a run that has passed its last save has nothing left to be killed for.
  std::uniform_real_distribution<double> moment(0, 0.6 * whole.count());
  for (int kills = 0, attempt = 0; kills < KILL_ROUNDS; ++attempt) {
    ASSERT_LT(attempt, 20 * KILL_ROUNDS) << "the runs end before they are killed";
    ChildProcess run = start("killed");
    std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
    run.kill();
    const int code = run.wait();
    if (code == 0) { // it had ended: the next one starts at the beginning
      EXPECT_EQ(resultOf("killed"), expected);
      fs::remove_all(scratch / "killed");
      continue;
    }
    ASSERT_EQ(code, 128 + SIGKILL) << run.stderrText();
    ++kills;
  }
  ChildProcess last = start("killed");
  ASSERT_EQ(last.wait(), 0) << last.stderrText();
  EXPECT_EQ(resultOf("killed"), expected);
}

} // namespace
} // namespace step37::test
