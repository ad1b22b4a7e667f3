// Embedding and its gradient on the host: gathers are exact, sums run in token order.
#include "test/runtime/HostKernelHarness.h"

namespace {

using namespace step37;
using namespace step37::test;

/// The first token's id is in the table, the second's before and the third's behind it.
std::vector<int64_t> someIds(int64_t tokens, int64_t vocab) {
  std::mt19937 random(3);
  std::vector<int64_t> ids(static_cast<size_t>(tokens));
  for (int64_t &id : ids)
    id = static_cast<int64_t>(random()) % std::max<int64_t>(vocab / 2, 1); // upper half: never
  if (tokens > 2) {
    ids[1] = -1;
    ids[2] = vocab;
  }
  return ids;
}

bool inTable(int64_t id, int64_t vocab) { return id >= 0 && id < vocab; }

class Embedding : public testing::TestWithParam<std::tuple<spec::Embedding, DType>> {};

TEST_P(Embedding, GathersRows) {
  spec::Embedding spec = std::get<0>(GetParam());
  KernelRun run(spec);
  auto ids = someIds(spec.tokens, spec.vocab);
  run.setIntegers("ids", ids).fill("table").run();
  Values table = run.get("table"), expected;
  for (int64_t id : ids)
    if (inTable(id, spec.vocab))
      expected.insert(expected.end(), table.begin() + id * spec.width,
                      table.begin() + (id + 1) * spec.width);
    else
      expected.insert(expected.end(), size_t(spec.width), 0);
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
      if (int64_t id = ids[size_t(i / spec.width)]; inTable(id, spec.vocab))
        expected[size_t(id * spec.width + i % spec.width)] += dy[size_t(i)];
    run.run();
    expectClose(run.get("dtable"), expected, tolerance(gradType), "dtable");
  }
}

INSTANTIATE_TEST_SUITE_P(HostKernel, Embedding,
                         testing::Combine(testing::Values(spec::Embedding{1, 1, 1, DType::f32},
                                                          spec::Embedding{33, 7, 24, DType::bf16},
                                                          spec::Embedding{65, 320, 257, DType::f32},
                                                          spec::Embedding{700, 130, 300,
                                                                          DType::bf16}),
                                          testing::Values(DType::f32, DType::bf16)));

} // namespace
