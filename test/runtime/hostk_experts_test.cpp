// The host twins that choose experts and move rows to them and back: Route, SortByExpert, Dispatch,
// Combine and their gradients.
#include "test/runtime/HostKernelHarness.h"

#include <algorithm>
#include <numeric>

namespace {

using namespace step37;
using namespace step37::test;

Values probabilities(const spec::Route &spec, const Values &logits) {
  Values p;
  for (int64_t t = 0; t < spec.tokens; ++t) {
    auto row = logits.begin() + t * spec.experts;
    double sum = 0;
    for (int64_t e = 0; e < spec.experts; ++e)
      sum += std::exp(row[e]);
    for (int64_t e = 0; e < spec.experts; ++e)
      p.push_back(spec.softmax ? std::exp(row[e]) / sum : sigmoid(row[e]));
  }
  return p;
}

struct Routed {
  Values weights, scores;
};

/// Weights for a given choice.
Routed routed(const spec::Route &spec, const Values &logits, const std::vector<int64_t> &chosen) {
  Values p = probabilities(spec, logits);
  Routed out;
  for (int64_t t = 0; t < spec.tokens; ++t) {
    double sum = 0;
    for (int64_t j = 0; j < spec.top_k; ++j) {
      int64_t expert = chosen[size_t(t * spec.top_k + j)];
      sum += out.scores.emplace_back(p[size_t(t * spec.experts + expert)]);
    }
    for (int64_t j = 0; j < spec.top_k; ++j)
      out.weights.push_back(spec.scale * out.scores[size_t(t * spec.top_k + j)] /
                            (spec.normalize ? sum : 1));
  }
  return out;
}

/// The choice by a full sort of float keys (with `logits` whose order double and float
/// agree on).
std::vector<int64_t> choose(const spec::Route &spec, const Values &logits, const Values &bias) {
  Values p = probabilities(spec, logits);
  std::vector<int64_t> chosen;
  for (int64_t t = 0; t < spec.tokens; ++t) {
    std::vector<int64_t> order(static_cast<size_t>(spec.experts));
    std::iota(order.begin(), order.end(), 0);
    auto key = [&](int64_t e) {
      return p[size_t(t * spec.experts + e)] + (spec.has_bias ? bias[size_t(e)] : 0);
    };
    std::sort(order.begin(), order.end(),
              [&](int64_t a, int64_t b) { return key(a) != key(b) ? key(a) > key(b) : a < b; });
    chosen.insert(chosen.end(), order.begin(), order.begin() + spec.top_k);
  }
  return chosen;
}

class Route : public testing::TestWithParam<spec::Route> {};

TEST_P(Route, MatchesSortedChoice) {
  spec::Route spec = GetParam();
  KernelRun run(spec);
  run.fill("logits", 2);
  if (spec.has_bias)
    run.fill("bias", 0.2);
  run.run();
  Values logits = run.get("logits");
  EXPECT_EQ(run.integers("chosen"),
            choose(spec, logits, spec.has_bias ? run.get("bias") : Values{}));
  Routed expected = routed(spec, logits, run.integers("chosen"));
  expectClose(run.get("weights"), expected.weights, 1e-6, "weights");
  expectClose(run.get("scores"), expected.scores, 1e-6, "scores");
}

TEST_P(Route, GradientMatchesDifferences) {
  spec::Route forward = GetParam();
  forward.tokens = std::min<int64_t>(forward.tokens, 5);
  spec::RouteGrad spec{forward.tokens, forward.experts,   forward.top_k,
                       forward.scale,  forward.normalize, forward.softmax};
  KernelRun run(spec);
  run.fill("logits", 2).fill("dweights");
  Values logits = run.get("logits"), dweights = run.get("dweights");
  forward.has_bias = false;
  auto chosen = choose(forward, logits, {});
  run.setIntegers("chosen", chosen).set("scores", routed(forward, logits, chosen).scores).run();
  auto loss = [&](const Values &at) {
    return inner(dweights, routed(forward, at, chosen).weights);
  };
  expectClose(run.get("dlogits"), slopes(loss, logits), 2e-6, "dlogits");
}

// Fields: tokens, experts, top_k, scale, normalize, has_bias, softmax.
INSTANTIATE_TEST_SUITE_P(HostKernel, Route,
                         testing::Values(spec::Route{1, 1, 1, 1, false, false, false},
                                         spec::Route{7, 8, 3, 3, true, true, false},
                                         spec::Route{200, 37, 37, 2, true, false, true},
                                         spec::Route{500, 288, 8, 3, true, true, false},
                                         spec::Route{33, 64, 6, 1, false, true, true},
                                         spec::Route{33, 20, 4, 2.5, false, false, false}));

TEST(HostKernel, RouteBiasChoosesAndDoesNotWeigh) {
  KernelRun run(spec::Route{1, 4, 2, 3, true, true, false});
  run.set("logits", {2, 0, -1, 1}).set("bias", {-1, 0.5, 0.5, 0}).run();
  EXPECT_EQ(run.integers("chosen"), (std::vector<int64_t>{1, 2}));
  expectClose(run.get("weights"), {1.950734, 1.049266}, 2e-7, "weights");
}

TEST(HostKernel, RouteTiesGoToTheLowestIndex) {
  for (bool softmax : {false, true}) {
    KernelRun run(spec::Route{2, 37, 5, 1, true, false, softmax});
    Values logits(74, 0.3);
    logits[37 + 36] = logits[37 + 20] = 1; // in the second row two are ahead
    run.set("logits", logits).run();
    EXPECT_EQ(run.integers("chosen"), (std::vector<int64_t>{0, 1, 2, 3, 4, 20, 36, 0, 1, 2}));
  }
}

TEST(HostKernel, RouteOfNaNChoosesDistinctExperts) {
  double inf = INFINITY;
  for (bool softmax : {false, true}) {
    KernelRun run(spec::Route{4, 6, 4, 1, true, true, softmax});
    Values logits = {NAN, NAN, NAN,  NAN, NAN, NAN, NAN, 1,   2,    NAN,  3,    NAN,
                     inf, inf, -inf, inf, 0,   inf, NAN, inf, -inf, -inf, -inf, NAN};
    run.set("logits", logits).set("bias", {0, 0, -inf, 0, NAN, inf}).run();
    auto chosen = run.integers("chosen");
    for (size_t t = 0; t < 4; ++t) {
      std::vector<int64_t> row(chosen.begin() + long(4 * t), chosen.begin() + long(4 * t + 4));
      std::ranges::sort(row);
      EXPECT_TRUE(std::ranges::adjacent_find(row) == row.end());
      EXPECT_TRUE(row.front() >= 0 && row.back() < 6);
    }
  }
}

TEST(HostKernel, RoutePrefersNumbersToNaN) {
  KernelRun run(spec::Route{1, 6, 4, 1, true, false, false});
  run.set("logits", {NAN, 1, NAN, NAN, 2, 3}).run();
  EXPECT_EQ(run.integers("chosen"), (std::vector<int64_t>{5, 4, 1, 0}));
}

TEST(HostKernel, RouteGradientOfASaturatedSigmoid) {
  // 1 − sigmoid(12) is 6e-6: taken as a float difference it would be off by one percent.
  KernelRun run(spec::RouteGrad{1, 2, 1, 1, false, false});
  run.set("dweights", {1}).set("logits", {12, 0}).setIntegers("chosen", std::vector{0});
  run.set("scores", {sigmoid(12)}).run();
  expectClose(run.get("dlogits"), {sigmoid(12) * sigmoid(-12), 0}, 1e-6, "dlogits");
}

struct Sorted {
  std::vector<int64_t> offsets, rowSlot, slotRow;
};

Sorted sorted(const spec::SortByExpert &spec, const std::vector<int64_t> &chosen) {
  KernelRun run(spec);
  run.setIntegers("chosen", chosen).run();
  return {run.integers("offsets"), run.integers("row_slot"), run.integers("slot_row")};
}

TEST(HostKernel, SortByExpertIsStable) {
  Sorted result = sorted({3, 5, 2}, {3, 1, 1, 3, 0, 1});
  EXPECT_EQ(result.offsets, (std::vector<int64_t>{0, 1, 4, 4, 6, 6}));
  EXPECT_EQ(result.rowSlot, (std::vector<int64_t>{4, 1, 2, 5, 0, 3}));
  EXPECT_EQ(result.slotRow, (std::vector<int64_t>{4, 1, 2, 5, 0, 3}));
  result = sorted({4, 2, 1}, {1, 0, 1, 0}); // an order that is not its own inverse
  EXPECT_EQ(result.rowSlot, (std::vector<int64_t>{1, 3, 0, 2}));
  EXPECT_EQ(result.slotRow, (std::vector<int64_t>{2, 0, 3, 1}));
}

TEST(HostKernel, SortByExpertLeavesOutOthersExperts) {
  using Integers = std::vector<int64_t>;
  Sorted result = sorted({3, 2, 2, 4}, {-1, 1, 2, 0, 1, -1}); // one row more than there are slots
  EXPECT_EQ(result.offsets, (Integers{0, 1, 3}));
  EXPECT_EQ(result.rowSlot, (Integers{3, 1, 4, -1}));
  EXPECT_EQ(result.slotRow, (Integers{-1, 1, -1, 0, 2, -1}));
  result = sorted({2, 3, 2}, {-1, -1, -1, -1});
  EXPECT_EQ(result.offsets, (Integers{0, 0, 0, 0}));
  EXPECT_EQ(result.rowSlot, (Integers{-1, -1, -1, -1}));
  EXPECT_EQ(result.slotRow, (Integers{-1, -1, -1, -1}));
}

TEST(HostKernel, SortByExpertStopsAtTheLastRow) {
  using Integers = std::vector<int64_t>;
  Sorted result = sorted({3, 4, 2, 3}, {3, 1, 1, -1, 0, 1});
  EXPECT_EQ(result.offsets, (Integers{0, 1, 3, 3, 3}));
  EXPECT_EQ(result.rowSlot, (Integers{4, 1, 2}));
  EXPECT_EQ(result.slotRow, (Integers{-1, 1, 2, -1, 0, -1}));
}

class Rows : public testing::TestWithParam<std::tuple<spec::CombineGrad, DType>> {
protected:
  spec::CombineGrad shape() const {
    auto [spec, type] = GetParam();
    spec.type = type;
    return spec;
  }
  /// The row of each slot, in a random order. Where there are fewer rows than slots, some slots
  /// have none, and the last row has no slot.
  static std::vector<int64_t> slotRow(const spec::CombineGrad &spec) {
    int64_t slots = spec.tokens * spec.top_k;
    std::vector<int64_t> rows(static_cast<size_t>(slots));
    std::iota(rows.begin(), rows.end(), 0);
    std::shuffle(rows.begin(), rows.end(), std::mt19937(9));
    for (int64_t &row : rows)
      row = spec.rows == slots || row < spec.rows - 1 ? row : -1;
    return rows;
  }
  static std::vector<int64_t> rowSlot(const spec::CombineGrad &spec) {
    std::vector<int64_t> slots(size_t(spec.rows), -1), rows = slotRow(spec);
    for (size_t slot = 0; slot < rows.size(); ++slot)
      if (rows[slot] >= 0)
        slots[size_t(rows[slot])] = int64_t(slot);
    return slots;
  }
};

TEST_P(Rows, DispatchCopiesRows) {
  auto [tokens, topK, cols, type, count] = shape();
  KernelRun run(spec::Dispatch{tokens, topK, cols, type, count});
  run.fill("x").setIntegers("row_slot", rowSlot(shape())).run();
  Values x = run.get("x"), expected;
  for (int64_t slot : rowSlot(shape()))
    if (slot < 0)
      expected.insert(expected.end(), size_t(cols), 0);
    else
      expected.insert(expected.end(), x.begin() + slot / topK * cols,
                      x.begin() + (slot / topK + 1) * cols);
  EXPECT_EQ(run.get("out"), expected);
}

TEST_P(Rows, CombineSumsRows) {
  auto [tokens, topK, cols, type, count] = shape();
  for (bool weighted : {true, false}) {
    KernelRun run(spec::Combine{tokens, topK, cols, weighted, type, count});
    auto order = slotRow(shape());
    run.fill("routed").setIntegers("slot_row", order);
    Values weights(order.size(), 1), expected(size_t(tokens * cols));
    if (weighted)
      weights = run.fill("weights").get("weights");
    run.run();
    Values rows = run.get("routed");
    for (size_t i = 0; i < expected.size(); ++i)
      for (size_t j = 0; j < size_t(topK); ++j) {
        size_t slot = i / size_t(cols) * size_t(topK) + j;
        if (order[slot] >= 0)
          expected[i] += weights[slot] * rows[size_t(order[slot] * cols) + i % size_t(cols)];
      }
    expectClose(run.get("out"), expected, tolerance(type), "out");
  }
}

TEST_P(Rows, CombineGradientIsItsTranspose) {
  spec::CombineGrad spec = shape();
  KernelRun run(spec);
  auto order = slotRow(spec);
  run.fill("dout").fill("routed").fill("weights").setIntegers("slot_row", order);
  run.setIntegers("row_slot", rowSlot(spec)).run();
  Values dout = run.get("dout"), rows = run.get("routed"), weights = run.get("weights");
  Values drows(rows.size()), dweights(weights.size());
  for (size_t slot = 0; slot < order.size(); ++slot)
    for (int64_t c = 0; c < spec.cols && order[slot] >= 0; ++c) {
      double dy = dout[size_t(int64_t(slot) / spec.top_k * spec.cols + c)];
      size_t at = size_t(order[slot] * spec.cols + c);
      drows[at] = weights[slot] * dy;
      dweights[slot] += rows[at] * dy;
    }
  expectClose(run.get("drouted"), drows, tolerance(spec.type), "drouted");
  expectClose(run.get("dweights"), dweights, 1e-6, "dweights");
}

INSTANTIATE_TEST_SUITE_P(
    HostKernel, Rows,
    testing::Combine(testing::Values(spec::CombineGrad{1, 1, 1}, spec::CombineGrad{7, 3, 24},
                                     spec::CombineGrad{33, 8, 300}, spec::CombineGrad{300, 2, 65},
                                     spec::CombineGrad{7, 3, 24, DType::f32, 9},
                                     spec::CombineGrad{33, 8, 300, DType::f32, 1}),
                     testing::Values(DType::f32, DType::bf16)));

// The weighted gather of docs/model.md G.2: tokens are the sums, experts' rows the source.
TEST(HostKernel, CombineOfThePublishedExample) {
  // x = [[1,2],[3,4],[5,6]] gathered by [[2,0],[1,2]]: one row for each use of it.
  KernelRun run(spec::Combine{2, 2, 2, true, DType::f32});
  run.set("routed", {1, 2, 3, 4, 5, 6, 5, 6}).setIntegers("slot_row", std::vector{2, 0, 1, 3});
  run.set("weights", {.2, .8, 1, .5}).run();
  expectClose(run.get("out"), {1.8, 2.8, 5.5, 7}, 1e-7, "out");

  KernelRun grad(spec::CombineGrad{2, 2, 2, DType::f32});
  grad.set("routed", {1, 2, 3, 4, 5, 6, 5, 6}).setIntegers("row_slot", std::vector{1, 2, 0, 3});
  grad.setIntegers("slot_row", std::vector{2, 0, 1, 3});
  grad.set("weights", {.2, .8, 1, .5}).set("dout", {1, 1, 1, 1}).run();
  Values d = grad.get("drouted");
  expectClose({d[0], d[1], d[2], d[3], d[4] + d[6], d[5] + d[7]}, {.8, .8, 1, 1, .7, .7}, 1e-7,
              "drouted");
  expectClose(grad.get("dweights"), {11, 3, 7, 11}, 1e-7, "dweights");
}

TEST(HostKernel, CombineOfDispatchIsAMultiple) {
  std::vector<int64_t> chosen = {0, 2, 1, 3};
  Sorted order = sorted({2, 4, 2}, chosen);
  KernelRun dispatch(spec::Dispatch{2, 2, 2, DType::f32});
  dispatch.set("x", {1, 2, 3, 4}).setIntegers("row_slot", order.rowSlot).run();
  EXPECT_EQ(dispatch.get("out"), (Values{1, 2, 3, 4, 1, 2, 3, 4}));
  KernelRun combine(spec::Combine{2, 2, 2, false, DType::f32});
  combine.set("routed", dispatch.get("out")).setIntegers("slot_row", order.slotRow).run();
  EXPECT_EQ(combine.get("out"), (Values{2, 4, 6, 8}));
}

} // namespace
