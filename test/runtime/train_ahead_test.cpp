// The next step's batches are drawn while a step runs: in the same order as without, none behind
// the last step, and what goes wrong there is said at the step that it is for.
#include "runtime/train/Trainer.h"
#include "test/runtime/TrainSupport.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace step37::test {
namespace {

/// Tells which samples were drawn, from which threads, and throws at one of them.
class DrawnRows final : public Dataset {
public:
  void trainingRow(uint64_t seed, int64_t sample, Batch &batch, int64_t row) override {
    EXPECT_EQ(++users, 1) << "one at a time";
    EXPECT_EQ(seed, 5u);
    if (std::this_thread::get_id() != home) {
      ++elsewhere;
      std::this_thread::sleep_for(std::chrono::milliseconds(20)); // longer than a step
    }
    drawn.push_back(sample);
    if (sample == broken)
      throw Error("sample " + std::to_string(sample) + " is broken");
    for (int64_t i = 0; i < batch.tokens.seqLen; ++i)
      batch.tokens.ids[static_cast<size_t>(row * batch.tokens.seqLen + i)] =
          static_cast<int32_t>((sample + i * i) % 7);
    --users;
  }
  int64_t heldOutRows() const override { return 0; }
  void heldOutRow(int64_t, Batch &, int64_t) override {}
  std::string description() const override { return "rows"; }
  std::string sha256() const override { return ""; }

  std::vector<int64_t> drawn;
  int64_t broken = -1, elsewhere = 0;

private:
  std::atomic<int> users = 0;
  const std::thread::id home = std::this_thread::get_id();
};

class DrawnAhead : public testing::Test {
protected:
  static std::vector<int64_t> firstSamples(int64_t count) {
    std::vector<int64_t> samples;
    for (int64_t i = 0; i < count; ++i)
      samples.push_back(i);
    return samples;
  }

  TrainOptions options() {
    TrainOptions options;
    options.input.seed = 5;
    options.steps = 3;
    options.grad_accumulation = 2;
    return options;
  }

  BigramShape shape;
  plan::Plan plan = bigramPlan(shape);
  Model model{plan, {"host", 1}};
  DrawnRows rows;
  int64_t perStep = 2 * model.rows();
};

TEST_F(DrawnAhead, oneStep) {
  Trainer trainer(model, rows, options());
  EXPECT_TRUE(rows.drawn.empty());
  for (int64_t step = 1; step <= 3; ++step) {
    trainer.step(step);
    // All that has begun is there when a step has ended, so that others may use the data.
    EXPECT_EQ(rows.drawn, firstSamples(perStep * std::min<int64_t>(step + 1, 3)));
  }
  EXPECT_EQ(rows.elsewhere, 2 * perStep);
}

TEST_F(DrawnAhead, aRunThatGoesOnBeginsWithItsOwn) {
  Trainer trainer(model, rows, options());
  trainer.step(3);
  std::vector<int64_t> last;
  for (int64_t i = 0; i < perStep; ++i)
    last.push_back(2 * perStep + i);
  EXPECT_EQ(rows.drawn, last);
}

TEST_F(DrawnAhead, errorsAreOfTheStepTheyAreFor) {
  rows.broken = perStep + 1; // of the second step
  Trainer trainer(model, rows, options());
  EXPECT_EQ(trainer.step(1).step, 1);
  try {
    trainer.step(2);
    ADD_FAILURE() << "step 2 has a broken sample";
  } catch (const Error &error) {
    EXPECT_EQ(std::string(error.what()), "sample " + std::to_string(rows.broken) + " is broken");
  }
}

} // namespace
} // namespace step37::test
