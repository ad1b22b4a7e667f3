// The wording of log lines and the JSON lines of a resumed run.
#include "runtime/train/JsonLines.h"
#include "test/runtime/TrainSupport.h"

#include <nlohmann/json.hpp>

namespace step37::test {
namespace {

const StepRecord someStep{.step = 120,
                          .losses = {.total = 2.34561},
                          .gradNorm = 0.9104,
                          .lr = 1e-3,
                          .tokensPerSecond = 5120.4};

TEST(RunLog, plainLine) {
  std::ostringstream out;
  RunLog log(out, RunLog::Style::plain);
  log.begin(1, 400);
  log.step(someStep);
  EXPECT_EQ(out.str(), "step 120/400 loss 2.3456 grad 0.91 lr 1.0e-03 tok/s 5120\n");
}

/// The losses that make up the total stand behind what every line has.
TEST(RunLog, multiTokenPredictionAddsItsLosses) {
  StepRecord record = someStep;
  record.losses = {.total = 2.5, .main = 2.25, .mtp = {2.4, 2.6}};
  std::ostringstream out;
  RunLog log(out, RunLog::Style::plain);
  log.begin(1, 400);
  log.step(record);
  EXPECT_EQ(out.str(), "step 120/400 loss 2.5000 grad 0.91 lr 1.0e-03 tok/s 5120 "
                       "main 2.2500 mtp 2.4000 2.6000\n");

  ScratchDirectory scratch;
  JsonLines(scratch / "log.jsonl", 0).write(record);
  nlohmann::json line = nlohmann::json::parse(fileText(scratch / "log.jsonl"));
  EXPECT_EQ(line["loss"], 2.5);
  EXPECT_EQ(line["main_loss"], 2.25);
  EXPECT_EQ(line["mtp_losses"], nlohmann::json({2.4, 2.6}));
}

TEST(RunLog, terminalRedrawsOneLineAndEndsIt) {
  std::ostringstream out;
  RunLog log(out, RunLog::Style::terminal);
  log.begin(1, 120);
  log.step(someStep);
  log.step(someStep);
  log.heldOut("", 2.5);
  EXPECT_EQ(out.str(), "\rstep 120/120 loss 2.3456 grad 0.91 lr 1.0e-03 tok/s 5120 left 0:00\033[K"
                       "\rstep 120/120 loss 2.3456 grad 0.91 lr 1.0e-03 tok/s 5120 left 0:00\033[K"
                       "\nheld-out loss 2.500000\n");
}

TEST(RunLog, anErrorStandsOnALineOfItsOwn) {
  std::ostringstream out;
  {
    RunLog log(out, RunLog::Style::terminal);
    log.begin(1, 120);
    log.step(someStep);
  }
  EXPECT_EQ(out.str().back(), '\n');
}

TEST(RunLog, quietSaysTheResultOnly) {
  std::ostringstream out;
  RunLog log(out, RunLog::Style::quiet);
  log.note("note");
  log.begin(1, 400);
  log.step(someStep);
  log.heldOut("", 2.5);
  EXPECT_EQ(out.str(), "held-out loss 2.500000\n");
}

TEST(JsonLines, nineSignificantDigits) {
  ScratchDirectory scratch;
  StepRecord record = someStep;
  record.losses.total = 2.123456789012;
  record.lr = 1.0 / 3e5;
  JsonLines(scratch / "log.jsonl", 0).write(record);
  EXPECT_EQ(fileText(scratch / "log.jsonl"),
            "{\"step\": 120, \"loss\": 2.12345679, \"grad_norm\": 0.9104, \"lr\": 3.33333333e-06, "
            "\"tokens_per_s\": 5120.4}\n");
  nlohmann::json line = nlohmann::json::parse(fileText(scratch / "log.jsonl"));
  EXPECT_EQ(line["step"], 120);
}

TEST(JsonLines, newRunsStartAnew) {
  ScratchDirectory scratch;
  writeText(scratch / "log.jsonl", "{\"step\": 1}\n");
  JsonLines(scratch / "log.jsonl", 0);
  EXPECT_EQ(fileText(scratch / "log.jsonl"), "");
}

TEST(JsonLines, resumingDropsLaterStepsAndTornLines) {
  ScratchDirectory scratch;
  writeText(scratch / "log.jsonl", "{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3}\n{\"st");
  JsonLines(scratch / "log.jsonl", 2);
  EXPECT_EQ(fileText(scratch / "log.jsonl"), "{\"step\": 1}\n{\"step\": 2}\n");
  writeText(scratch / "log.jsonl", "{\"step\": 1}\n{\"step\": 2}");
  JsonLines(scratch / "log.jsonl", 2);
  EXPECT_EQ(fileText(scratch / "log.jsonl"), "{\"step\": 1}\n");
}

} // namespace
} // namespace step37::test
