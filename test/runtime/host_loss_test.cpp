// Host twins of LmLoss, LmLossGrad and ShiftLabels against the softmax in double precision.
#include "test/runtime/HostKernelHarness.h"
#include "test/runtime/HostTolerance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace {

using namespace step37;
using namespace step37::test;

struct Sizes {
  int64_t tokens, width, vocab, chunk;
};
const std::vector<Sizes> sizes{{1, 1, 3, 1}, {17, 9, 65, 17}, {65, 33, 130, 16}, {5, 40, 17, 64}};

/// The loss in double precision, from the inputs that a kernel got.
struct Reference {
  Sizes size;
  Values x, w, weights;
  std::vector<int64_t> labels;
  Values logits, lse, loss; // logits [tokens,vocab]

  template <class Run>
  Reference(const Sizes &size, const Run &run)
      : size(size), x(run.get("x")), w(run.get("w")), weights(run.get("weights")),
        labels(run.integers("labels")) {
    for (int64_t t = 0; t < size.tokens; ++t) {
      double sum = 0;
      for (int64_t v = 0; v < size.vocab; ++v) {
        double logit = 0;
        for (int64_t c = 0; c < size.width; ++c)
          logit += x[size_t(t * size.width + c)] * w[size_t(v * size.width + c)];
        logits.push_back(logit);
        sum += std::exp(logit);
      }
      lse.push_back(std::log(sum));
      loss.push_back(weights[size_t(t)] * (lse.back() - logit(t, labels[size_t(t)])));
    }
  }

  double logit(int64_t t, int64_t v) const { return logits[size_t(t * size.vocab + v)]; }

  double dlogit(int64_t t, int64_t v, double scale) const {
    double p = std::exp(logit(t, v) - lse[size_t(t)]);
    return scale * weights[size_t(t)] * (p - (v == labels[size_t(t)] ? 1 : 0));
  }
};

template <class Run> void fillInputs(const Sizes &size, Run &run) {
  std::vector<int64_t> labels;
  Values weights;
  for (int64_t t = 0; t < size.tokens; ++t) {
    labels.push_back((t * 7 + size.vocab - 1) % size.vocab);
    weights.push_back(t % 5 == 3 ? 0.0 : 0.25 * double(t % 3 + 1));
  }
  run.fill("x", 0.5).fill("w", 0.5).setIntegers("labels", labels).set("weights", weights);
}

TEST(HostLmLoss, MatchesSoftmax) {
  for (DType type : {DType::f32, DType::bf16})
    for (const Sizes &size : sizes) {
      KernelRun run(spec::LmLoss{size.tokens, size.width, size.vocab, size.chunk, type});
      fillInputs(size, run);
      Reference reference(size, run.run());
      Values loss = run.get("token_loss"), lse = run.get("lse");
      for (size_t t = 0; t < loss.size(); ++t) {
        expectNear(loss[t], reference.loss[t], DType::f32, 10);
        expectNear(lse[t], reference.lse[t], DType::f32, 10);
      }
    }
}

TEST(HostLmLoss, SurvivesLargeLogits) {
  KernelRun run(spec::LmLoss{2, 1, 3, 2});
  run.set("x", {1000, -1000}).set("w", {1, -1, 0.5});
  run.set("labels", {0, 0}).set("weights", {1, 1}).run();
  EXPECT_EQ(run.get("token_loss"), (Values{0, 2000}));
}

void checkGradients(const Sizes &size, DType type, DType gradType, double beta) {
  SCOPED_TRACE(testing::Message() << name(type) << " " << name(gradType) << " tokens "
                                  << size.tokens << " beta " << beta);
  constexpr double scale = 0.5;
  KernelRun run(spec::LmLossGrad{size.tokens, size.width, size.vocab, size.chunk, type, gradType});
  fillInputs(size, run);
  run.set("scale", {scale}).set("beta", {beta});
  if (beta != 0)
    run.fill("dw");
  Values old = run.get("dw");
  Reference reference(size, run.run());
  Values loss = run.get("token_loss"), dx = run.get("dx"), dw = run.get("dw");
  for (size_t t = 0; t < loss.size(); ++t)
    expectNear(loss[t], reference.loss[t], DType::f32, 10);
  for (int64_t t = 0; t < size.tokens; ++t)
    for (int64_t c = 0; c < size.width; ++c) {
      double expected = 0;
      for (int64_t v = 0; v < size.vocab; ++v)
        expected += reference.dlogit(t, v, scale) * reference.w[size_t(v * size.width + c)];
      expectNear(dx[size_t(t * size.width + c)], expected, type, 2, 4);
    }
  // Narrow gradients are rounded once a chunk, at the size that the sum has by then.
  double chunks = double((size.tokens + size.chunk - 1) / size.chunk);
  for (int64_t v = 0; v < size.vocab; ++v)
    for (int64_t c = 0; c < size.width; ++c) {
      size_t at = size_t(v * size.width + c);
      double expected = beta == 0 ? 0 : beta * old[at], largest = std::abs(expected);
      for (int64_t t = 0; t < size.tokens; ++t) {
        expected += reference.dlogit(t, v, scale) * reference.x[size_t(t * size.width + c)];
        largest = std::max(largest, std::abs(expected));
      }
      double roundings = gradType == DType::bf16 ? chunks * largest / 256 : 0;
      EXPECT_NEAR(dw[at], expected, 4e-6 + roundings);
    }
}

TEST(HostLmLossGrad, MatchesSoftmax) {
  for (auto [type, gradType] :
       {std::pair{DType::f32, DType::f32}, std::pair{DType::bf16, DType::f32},
        std::pair{DType::bf16, DType::bf16}})
    for (double beta : {0.0, 1.0})
      for (const Sizes &size : sizes)
        checkGradients(size, type, gradType, beta);
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
