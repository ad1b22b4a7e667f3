// step37-run, killed with SIGKILL at random moments and resumed, ends like a run left alone.
// STEP37_RUN is the program, KILL_ROUNDS how often it is killed.
#include "runtime/base/Sha256.h"
#include "runtime/plan/PlanFile.h"
#include "test/runtime/ChildProcess.h"
#include "test/runtime/TrainSupport.h"

#include <chrono>
#include <random>
#include <thread>

namespace step37::test {
namespace {

using Clock = std::chrono::steady_clock;

class KilledRun : public testing::Test {
protected:
  void SetUp() override {
    // Large enough that most of the time goes into saving, which is done after every step.
    BigramShape shape;
    shape.vocab = 1000;
    shape.width = 48;
    plan::save(bigramPlan(shape), scratch / "model.plan");
    writeText(scratch / "text.txt", someText(5000, 256));
  }

  ChildProcess start(const std::string &name) {
    std::string save = scratch / name;
    return ChildProcess(STEP37_RUN,
                        {scratch / "model.plan", "--train", "--data", scratch / "text.txt",
                         "--steps", "40", "--save", save, "--save-every", "1", "--resume", save,
                         "--log", scratch / (name + ".jsonl"), "--threads", "1"},
                        scratch / (name + ".out"));
  }

  /// Hash of everything that must be the same: losses, weights, optimizer state, manifest.
  std::string resultOf(const std::string &name) const {
    std::istringstream lines(fileText(scratch / (name + ".jsonl")));
    std::string result;
    for (std::string line; std::getline(lines, line);)
      result += line.substr(0, line.find("\"tokens_per_s\""));
    for (const char *file : {"model.safetensors", "optimizer.safetensors", "manifest.json"})
      result += fileText(fs::path(scratch / name) / "step-000040" / file);
    return sha256Hex(result);
  }

  bool isSavingAt(const std::string &name) const {
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(scratch / name, ignored))
      if (entry.path().filename().string().find(".tmp-") != std::string::npos)
        return true;
    return false;
  }

  struct Scratch : ScratchDirectory {
    std::string operator/(const std::string &name) const {
      return (static_cast<const ScratchDirectory &>(*this) / name).string();
    }
  } scratch;
};

TEST_F(KilledRun, endsLikeARunLeftAlone) {
  auto began = Clock::now();
  ChildProcess reference = start("reference");
  ASSERT_EQ(reference.wait(), 0) << reference.stderrText();
  std::chrono::duration<double> whole = Clock::now() - began;
  const std::string expected = resultOf("reference");

  std::mt19937 random(11);
  std::uniform_real_distribution<double> moment(0, whole.count());
  int kills = 0, killsWhileSaving = 0;
  for (int attempt = 0; kills < KILL_ROUNDS; ++attempt) {
    ASSERT_LT(attempt, 20 * KILL_ROUNDS) << "the runs end before they are killed";
    ChildProcess run = start("killed");
    std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
    run.kill();
    int code = run.wait();
    if (code == 0) { // it had ended: the next one starts at the beginning
      EXPECT_EQ(resultOf("killed"), expected);
      fs::remove_all(scratch / "killed");
      continue;
    }
    ASSERT_EQ(code, 128 + SIGKILL) << run.stderrText();
    ++kills;
    killsWhileSaving += isSavingAt("killed");
  }
  ChildProcess last = start("killed");
  ASSERT_EQ(last.wait(), 0) << last.stderrText();
  EXPECT_EQ(resultOf("killed"), expected);
  if (KILL_ROUNDS >= 20) {
    EXPECT_GT(killsWhileSaving, 0);
  }
}

} // namespace
} // namespace step37::test
