// Host twins of kernels that know which part of a whole a rank has: the loss over split columns
// against that over whole rows, and indices.
#include "test/runtime/HostKernelHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

/// Columns of a rank, padded with what must not count.
Values columnsOf(const Values &rows, int64_t count, int64_t total, int64_t local, int64_t rank) {
  Values columns;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t c = rank * local; c < (rank + 1) * local; ++c)
      columns.push_back(c < total ? rows[size_t(i * total + c)] : 1e9);
  return columns;
}

/// Over `ranks` ranks of ceil(vocab / ranks) columns each, as LogitsLoss has it on whole rows.
void checkSplitLoss(int64_t rows, int64_t vocab, int64_t ranks, DType type) {
  SCOPED_TRACE(testing::Message() << vocab << " columns, " << ranks << " ranks");
  constexpr double scale = 0.5;
  const int64_t local = (vocab + ranks - 1) / ranks;
  std::vector<int64_t> labels;
  Values weights;
  for (int64_t i = 0; i < rows; ++i) {
    labels.push_back((i * 7 + vocab - 1) % vocab);
    weights.push_back(i % 5 == 3 ? 0.0 : 0.25 * double(i % 3 + 1));
  }
  KernelRun whole(spec::LogitsLoss{rows, vocab, true, type});
  whole.fill("logits", 2).setIntegers("labels", labels).set("weights", weights);
  const Values logits = whole.set("scale", {scale}).run().get("logits");

  std::vector<std::vector<int64_t>> localLabels;
  Values stats;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    KernelRun localize(spec::LocalizeIds{rows, local});
    localize.setIntegers("ids", labels).set("coordinate", {double(rank)});
    localLabels.push_back(localize.run().integers("out"));
    KernelRun run(spec::LossStats{rows, local, vocab});
    run.set("logits", columnsOf(logits, rows, vocab, local, rank));
    run.setIntegers("labels", localLabels.back()).set("coordinate", {double(rank)});
    const Values own = run.run().get("stats");
    stats.insert(stats.end(), own.begin(), own.end());
  }
  KernelRun merge(spec::MergeLossStats{ranks, rows});
  merge.set("stats", stats).set("weights", weights).run();
  expectClose(merge.get("token_loss"), whole.get("token_loss"), 1e-6, "token_loss");

  const Values dlogits = whole.get("dlogits");
  for (int64_t rank = 0; rank < ranks; ++rank) {
    KernelRun run(spec::LogitsGrad{rows, local, vocab, type});
    run.set("logits", columnsOf(logits, rows, vocab, local, rank));
    run.setIntegers("labels", localLabels[size_t(rank)]).set("weights", weights);
    run.set("lse", merge.get("lse")).set("scale", {scale}).set("coordinate", {double(rank)}).run();
    Values expected = columnsOf(dlogits, rows, vocab, local, rank);
    for (double &value : expected)
      value = value == 1e9 ? 0 : value; // padding has no gradient
    expectClose(run.get("dlogits"), expected, type == DType::f32 ? 2e-6 : 4e-3, "dlogits");
  }
}

TEST(HostKernel, SplitLossIsTheWholeLoss) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const int64_t ranks : {1, 2, 3, 8})
      for (const int64_t vocab : {9, 65, 300})
        checkSplitLoss(17, vocab, ranks, type);
}

/// Nine columns of two each: the sixth rank has none.
TEST(HostKernel, LossStatsOfNoColumns) {
  KernelRun run(spec::LossStats{1, 2, 9});
  run.set("logits", {3, 4}).set("labels", {-1}).set("coordinate", {5}).run();
  EXPECT_EQ(run.get("stats"), (Values{-INFINITY, 0, 0}));
  KernelRun merge(spec::MergeLossStats{2, 1});
  merge.set("stats", {1, 1, 1, -INFINITY, 0, 0}).set("weights", {1}).run();
  EXPECT_EQ(merge.get("lse"), Values{1});
  EXPECT_EQ(merge.get("token_loss"), Values{0});
}

TEST(HostKernel, LocalizeIds) {
  KernelRun run(spec::LocalizeIds{6, 5});
  run.set("ids", {4, 5, 9, 10, 7, -1}).set("coordinate", {1}).run();
  EXPECT_EQ(run.integers("out"), (std::vector<int64_t>{-1, 0, 4, -1, 2, -1}));
}

/// Seven rows in three groups, seen through windows of three.
TEST(HostKernel, ExpertWindow) {
  const auto window = [](int64_t first) {
    KernelRun run(spec::ExpertWindow{3, 8, first, 3});
    run.set("offsets", {0, 2, 5, 7}).set("slot_row", {4, 0, 6, -1, 2, 5, 1, 3}).run();
    return std::pair{run.integers("window_offsets"), run.integers("window_slot_row")};
  };
  using Integers = std::vector<int64_t>;
  EXPECT_EQ(window(0),
            (std::pair<Integers, Integers>{{0, 2, 3, 3}, {-1, 0, -1, -1, 2, -1, 1, -1}}));
  EXPECT_EQ(window(3),
            (std::pair<Integers, Integers>{{0, 0, 2, 3}, {1, -1, -1, -1, -1, 2, -1, 0}}));
  EXPECT_EQ(window(6),
            (std::pair<Integers, Integers>{{0, 0, 0, 1}, {-1, -1, 0, -1, -1, -1, -1, -1}}));
}

/// Six rows on the first of two ranks, four on the second, of four experts; as the second one,
/// which has the last two, receives them: of expert 2 one and two, of expert 3 three and none.
TEST(HostKernel, ReceivedRows) {
  using Integers = std::vector<int64_t>;
  const auto received = [](int64_t first) {
    KernelRun run(spec::ReceivedRows{2, 4, 6, 4, first});
    run.set("bounds", {0, 2, 2, 3, 6, 0, 0, 2, 4, 4}).set("coordinate", {1}).run();
    return std::array{run.integers("offsets"), run.integers("source_row"),
                      run.integers("received_row")};
  };
  // In the order of experts: a, then b, c of the second rank, then d, e, f. The first rank's a and
  // d arrive before the second one's b and c.
  EXPECT_EQ(received(0), (std::array<Integers, 3>{{{0, 3, 4}, {0, 2, 3, 1}, {0, 3, 1, 2}}}));
  EXPECT_EQ(received(2), (std::array<Integers, 3>{{{0, 1, 4}, {3, 0, 1, 2}, {1, 2, 3, 0}}}));
  EXPECT_EQ(received(4), (std::array<Integers, 3>{{{0, 0, 2}, {0, 1, -1, -1}, {0, 1, -1, -1}}}));
  EXPECT_EQ(received(8),
            (std::array<Integers, 3>{{{0, 0, 0}, {-1, -1, -1, -1}, {-1, -1, -1, -1}}}));
}

} // namespace
