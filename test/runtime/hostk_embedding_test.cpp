// Embedding and its gradient on the host: gathers are exact, sums run in token order.
#include "test/runtime/HostKernelHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

std::vector<int64_t> someIds(int64_t tokens, int64_t vocab) {
  std::mt19937 random(3);
  std::vector<int64_t> ids(static_cast<size_t>(tokens));
  for (int64_t &id : ids)
    id = static_cast<int64_t>(random()) % std::max<int64_t>(vocab / 2, 1); // upper half: never
  return ids;
}

class Embedding : public testing::TestWithParam<std::tuple<spec::Embedding, DType>> {};

TEST_P(Embedding, GathersRows) {
  spec::Embedding spec = std::get<0>(GetParam());
  KernelRun run(spec);
  auto ids = someIds(spec.tokens, spec.vocab);
  run.setIntegers("ids", ids).fill("table").run();
  Values table = run.get("table"), expected;
  for (int64_t id : ids)
    expected.insert(expected.end(), table.begin() + id * spec.width,
                    table.begin() + (id + 1) * spec.width);
  EXPECT_EQ(run.get("out"), expected);
}

TEST_P(Embedding, GradientSumsRowsOfEqualIds) {
  auto [forward, gradType] = GetParam();
  spec::EmbeddingGrad spec{forward.tokens, forward.vocab, forward.width, forward.type, gradType};
  for (double beta : {0.0, 1.0, 0.5}) {
    KernelRun run(spec);
    auto ids = someIds(spec.tokens, spec.vocab);
    run.setIntegers("ids", ids).fill("dy").set("beta", {beta});
    Values expected(size_t(spec.vocab * spec.width)), dy = run.get("dy");
    if (beta != 0) { // with 0 the poison must not be read
      run.fill("dtable");
      expected = run.get("dtable");
      for (double &value : expected)
        value *= beta;
    }
    for (int64_t i = 0; i < spec.tokens * spec.width; ++i)
      expected[size_t(ids[size_t(i / spec.width)] * spec.width + i % spec.width)] += dy[size_t(i)];
    run.run();
    expectClose(run.get("dtable"), expected, tolerance(gradType), "dtable");
  }
}

/// Ids of another rank's rows.
TEST(HostKernel, EmbeddingOfNoId) {
  KernelRun run(spec::Embedding{3, 2, 2, DType::f32});
  run.setIntegers("ids", std::vector{1, -1, 0}).set("table", {1, 2, 3, 4}).run();
  EXPECT_EQ(run.get("out"), (Values{3, 4, 0, 0, 1, 2}));
  KernelRun grad(spec::EmbeddingGrad{3, 2, 2, DType::f32, DType::f32});
  grad.setIntegers("ids", std::vector{1, -1, 1}).set("dy", {1, 2, 3, 4, 5, 6}).set("beta", {0});
  EXPECT_EQ(grad.run().get("dtable"), (Values{0, 0, 6, 8}));
}

INSTANTIATE_TEST_SUITE_P(HostKernel, Embedding,
                         testing::Combine(testing::Values(spec::Embedding{1, 1, 1, DType::f32},
                                                          spec::Embedding{33, 7, 24, DType::bf16},
                                                          spec::Embedding{65, 320, 257, DType::f32},
                                                          spec::Embedding{700, 130, 300,
                                                                          DType::bf16}),
                                          testing::Values(DType::f32, DType::bf16)));

} // namespace
