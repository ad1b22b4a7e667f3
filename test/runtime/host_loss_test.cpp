// Host twins of LogitsLoss and ShiftLabels against the softmax in double precision.
#include "test/runtime/HostKernelHarness.h"
#include "test/runtime/HostTolerance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace {

using namespace step37;
using namespace step37::test;

struct Sizes {
  int64_t tokens, vocab;
};
const std::vector<Sizes> sizes{{1, 3}, {17, 65}, {65, 130}, {5, 17}};

/// The loss and its gradient in double precision, for the labels and weights that a kernel got.
struct Reference {
  int64_t vocab;
  Values logits, weights;
  std::vector<int64_t> labels;
  Values lse, loss;

  template <class Run>
  Reference(int64_t vocab, Values logitValues, const Run &run)
      : vocab(vocab), logits(std::move(logitValues)), weights(run.get("weights")),
        labels(run.integers("labels")) {
    for (size_t t = 0; t < labels.size(); ++t) {
      double sum = 0;
      for (int64_t v = 0; v < vocab; ++v)
        sum += std::exp(logit(t, v));
      lse.push_back(std::log(sum));
      loss.push_back(weights[t] * (lse[t] - logit(t, labels[t])));
    }
  }

  double logit(size_t t, int64_t v) const { return logits[t * size_t(vocab) + size_t(v)]; }

  double dlogit(size_t t, int64_t v, double scale) const {
    double p = std::exp(logit(t, v) - lse[t]);
    return scale * weights[t] * (p - (v == labels[t] ? 1 : 0));
  }
};

template <class Run> void fillTargets(const Sizes &size, Run &run) {
  std::vector<int64_t> labels;
  Values weights;
  for (int64_t t = 0; t < size.tokens; ++t) {
    labels.push_back((t * 7 + size.vocab - 1) % size.vocab);
    weights.push_back(t % 5 == 3 ? 0.0 : 0.25 * double(t % 3 + 1));
  }
  run.setIntegers("labels", labels).set("weights", weights);
}

TEST(HostLogitsLoss, SurvivesLargeLogits) {
  KernelRun run(spec::LogitsLoss{2, 3});
  run.set("logits", {1000, -1000, 500, -1000, 1000, -500});
  run.set("labels", {0, 0}).set("weights", {1, 1}).run();
  EXPECT_EQ(run.get("token_loss"), (Values{0, 2000}));
}

TEST(HostLogitsLoss, MatchesSoftmax) {
  constexpr double scale = 0.5;
  for (DType type : {DType::f32, DType::bf16})
    for (bool gradient : {false, true})
      for (const Sizes &size : sizes) {
        KernelRun run(spec::LogitsLoss{size.tokens, size.vocab, gradient, type});
        fillTargets(size, run);
        if (gradient)
          run.set("scale", {scale});
        run.fill("logits", 2).run();
        Reference reference(size.vocab, run.get("logits"), run);
        Values loss = run.get("token_loss");
        for (size_t t = 0; t < loss.size(); ++t)
          expectNear(loss[t], reference.loss[t], DType::f32, 10);
        if (!gradient)
          continue;
        Values dlogits = run.get("dlogits");
        for (int64_t t = 0; t < size.tokens; ++t)
          for (int64_t v = 0; v < size.vocab; ++v)
            expectNear(dlogits[size_t(t * size.vocab + v)], reference.dlogit(size_t(t), v, scale),
                       type, 1);
      }
}

TEST(HostShiftLabels, StaysInRowAndDocument) {
  auto shifted = [](int64_t by) {
    KernelRun run(spec::ShiftLabels{8, 4, by});
    run.set("ids", {10, 11, 12, 13, 20, 21, 22, 23}).set("mask", {1, 0.5, 0, 1, 1, 1, 0.25, 1});
    run.set("document_start", {0, 0, 2, 2, 0, 0, 0, 3}).run();
    return std::pair{run.get("labels"), run.get("weights")};
  };
  EXPECT_EQ(shifted(1), (std::pair<Values, Values>{{11, 12, 13, 0, 21, 22, 23, 0},
                                                   {0.5, 0, 1, 0, 1, 0.25, 1, 0}}));
  EXPECT_EQ(shifted(2),
            (std::pair<Values, Values>{{0, 0, 0, 0, 22, 0, 0, 0}, {0, 0, 0, 0, 0.25, 0, 0, 0}}));
  EXPECT_EQ(shifted(5), (std::pair{Values(8, 0.0), Values(8, 0.0)}));
}

} // namespace
