// Exchange between ranks on the host: what each rank has afterwards, bits that do not depend on the
// number of threads, coordinates. And the errors for collectives that do not fit the mesh.
#include "codegen/spec/SpecJson.h"
#include "runtime/base/Error.h"
#include "runtime/exec/CreateExecutor.h"
#include "runtime/exec/host/Elements.h"
#include "runtime/plan/Mesh.h"

#include <gtest/gtest.h>

#include <numeric>

namespace {

using namespace step37;
using spec::Exchange;

/// One exchange of `in` to `out` on a mesh, and the rank's index along its axes.
plan::Plan exchangePlan(const plan::Mesh &mesh, const spec::KernelSpec &collective) {
  plan::Plan plan;
  plan.mesh = mesh;
  plan::Target &target = plan.targets.emplace_back();
  target.name = "host";
  const spec::Arguments arguments = spec::arguments(collective);
  const auto buffer = [&](const std::string &name, DType type, int64_t elements) -> plan::Buffer & {
    plan::Buffer &added = target.buffers.emplace_back();
    added.name = name;
    added.type = type;
    added.shape = {elements};
    added.offset = target.arena_bytes;
    target.arena_bytes += (added.bytes() + 63) / 64 * 64;
    return added;
  };
  plan::Step step{plan::StepKind::collective, 0, {}, "model.x"};
  for (const spec::Argument &argument : arguments) {
    step.arguments.push_back({int(target.buffers.size()), 0});
    buffer(argument.name, argument.type, argument.elements);
  }
  buffer("index", DType::i32, 1).coordinate = *spec::rankGroupOf(collective)->axes;
  target.kernels.push_back(
      {"exchange", std::string(spec::family(collective)), "host", "", toJson(collective)});
  target.programs.push_back({"main", plan::ProgramRole::accumulate, {std::move(step)}});
  return plan;
}

template <class T> std::vector<T> read(const Executor &executor, int rank, int buffer) {
  std::vector<T> values(size_t(executor.target().buffers[size_t(buffer)].elements()));
  executor.read(rank, buffer, 0, std::as_writable_bytes(std::span(values)));
  return values;
}

/// What the ranks have in `out` after an exchange of 2 elements where `in` of rank r is 10·r, 10·r
/// + 1, …
std::vector<std::vector<int32_t>> exchanged(const plan::Mesh &mesh, Exchange exchange,
                                            const std::vector<std::string> &axes) {
  const plan::Plan plan = exchangePlan(
      mesh, spec::Collective{exchange, axes, plan::rankCount(mesh, axes), 2, DType::i32});
  auto executor = createExecutor(plan, {"host", 2});
  for (int rank = 0; rank < executor->localRanks(); ++rank) {
    std::vector<int32_t> in = read<int32_t>(*executor, rank, 0);
    std::iota(in.begin(), in.end(), 10 * rank);
    executor->write(rank, 0, 0, std::as_bytes(std::span(in)));
  }
  executor->run(0);
  std::vector<std::vector<int32_t>> out;
  for (int rank = 0; rank < executor->localRanks(); ++rank)
    out.push_back(read<int32_t>(*executor, rank, 1));
  return out;
}

TEST(HostCollectives, AllGather) {
  const plan::Mesh mesh = plan::makeMesh(2, 2, 1, 1);
  EXPECT_EQ(exchanged(mesh, Exchange::allGather, {"tp"}),
            (std::vector<std::vector<int32_t>>{
                {0, 1, 10, 11}, {0, 1, 10, 11}, {20, 21, 30, 31}, {20, 21, 30, 31}}));
  EXPECT_EQ(exchanged(mesh, Exchange::allGather, {"dp"}),
            (std::vector<std::vector<int32_t>>{
                {0, 1, 20, 21}, {10, 11, 30, 31}, {0, 1, 20, 21}, {10, 11, 30, 31}}));
  EXPECT_EQ(exchanged(mesh, Exchange::allGather, {"dp", "tp"})[3],
            (std::vector<int32_t>{0, 1, 10, 11, 20, 21, 30, 31}));
}

TEST(HostCollectives, AllToAll) {
  EXPECT_EQ(exchanged(plan::makeMesh(1, 3, 1, 1), Exchange::allToAll, {"tp"}),
            (std::vector<std::vector<int32_t>>{
                {0, 1, 10, 11, 20, 21}, {2, 3, 12, 13, 22, 23}, {4, 5, 14, 15, 24, 25}}));
}

/// Sums of three ranks, in f32 in rank order, whatever the threads and where the result goes.
template <class T> void checkSums(Exchange exchange, DType type) {
  constexpr int64_t ranks = 3, elements = 40'001;
  const bool scatters = exchange == Exchange::reduceScatter;
  const int64_t inElements = scatters ? ranks * elements : elements;
  plan::Plan plan = exchangePlan(plan::makeMesh(1, ranks, 1, 1),
                                 spec::Collective{exchange, {"tp"}, ranks, elements, type});
  std::vector<std::vector<T>> in{size_t(ranks), std::vector<T>(size_t(inElements))};
  for (size_t r = 0; r < in.size(); ++r)
    for (size_t i = 0; i < in[r].size(); ++i)
      host::store(&in[r][i], float(int((i * 7919 + r * 104729) % 2001) - 1000) * 0.37f);
  const auto expected = [&](size_t rank, size_t i) {
    float sum = 0;
    for (size_t r = 0; r < in.size(); ++r)
      sum += host::load(&in[r][scatters ? rank * size_t(elements) + i : i]);
    return host::rounded<T>(sum);
  };
  for (const bool inPlace : {false, true}) {
    if (inPlace && scatters)
      continue;
    plan.targets[0].programs[0].steps[0].arguments[1].buffer = inPlace ? 0 : 1;
    for (const int threads : {1, 3}) {
      auto executor = createExecutor(plan, {"host", threads});
      for (int r = 0; r < int(ranks); ++r)
        executor->write(r, 0, 0, std::as_bytes(std::span(in[size_t(r)])));
      executor->run(0);
      for (int r = 0; r < int(ranks); ++r) {
        const std::vector<T> out = read<T>(*executor, r, inPlace ? 0 : 1);
        for (size_t i = 0; i < size_t(elements); ++i)
          ASSERT_EQ(host::load(&out[i]), expected(size_t(r), i)) << r << " " << i;
      }
    }
  }
}

TEST(HostCollectives, SumsInRankOrder) {
  for (const Exchange exchange : {Exchange::allReduce, Exchange::reduceScatter}) {
    checkSums<float>(exchange, DType::f32);
    checkSums<host::BFloat16>(exchange, DType::bf16);
  }
}

/// Rows of six elements on two ranks: who has what of the received rows, in windows of four of the
/// most, eight, that one rank can get; then the same back to where it was.
TEST(HostCollectives, CountedThereAndBack) {
  constexpr int64_t ranks = 2, own = 4, rows = 4, cols = 3;
  const plan::Mesh mesh = plan::makeMesh(1, ranks, 1, 1);
  // Experts 0 and 1 are the first rank's: it gets all of its own rows and two of the other's.
  const std::vector<int32_t> bounds{0, 1, 4, 4, 4, 0, 0, 2, 3, 4};
  const std::vector<std::vector<std::vector<float>>> received{
      // window 0: expert 0 of rank 0, expert 1 of both; what is not written stays −1
      {{0, 1, 2, 3}, {102, 103, -1, -1}},
      {{100, 101, -1, -1}, {-1, -1, -1, -1}}};
  std::vector<std::vector<float>> back(ranks, std::vector<float>(own * cols, -1));
  for (int window = 0; window < 2; ++window) {
    for (const bool returns : {false, true}) {
      const spec::CountedExchange counted{
          returns, window == 1 && returns, {"tp"}, ranks,     4, own,
          rows,    window * rows,          cols,   DType::f32};
      const plan::Plan plan = exchangePlan(mesh, counted);
      auto executor = createExecutor(plan, {"host", 2});
      const auto buffer = [&](const char *name) { return plan.targets[0].findBuffer(name); };
      const int from = buffer(returns ? "received" : "own"),
                last = buffer(returns ? "own" : "received");
      for (int rank = 0; rank < ranks; ++rank) {
        std::vector<float> in(size_t(own * cols));
        for (size_t i = 0; i < in.size(); ++i)
          in[i] = returns ? received[size_t(window)][size_t(rank)][i / cols] * 10 + float(i % cols)
                          : float(100 * rank + int(i / cols)) * 10 + float(i % cols);
        std::vector<float> out = returns ? back[size_t(rank)] : std::vector<float>(in.size(), -1);
        executor->write(rank, from, 0, std::as_bytes(std::span(in)));
        executor->write(rank, buffer("bounds"), 0, std::as_bytes(std::span(bounds)));
        if (counted.keeps)
          executor->write(rank, buffer("before"), 0, std::as_bytes(std::span(out)));
        else
          executor->write(rank, last, 0, std::as_bytes(std::span(out)));
      }
      executor->run(0);
      for (int rank = 0; rank < ranks; ++rank) {
        const std::vector<float> out = read<float>(*executor, rank, last);
        if (returns) {
          back[size_t(rank)] = out;
          continue;
        }
        for (size_t i = 0; i < out.size(); ++i) {
          const float row = received[size_t(window)][size_t(rank)][i / cols];
          EXPECT_EQ(out[i], row < 0 ? -1 : row * 10 + float(i % cols)) << window << rank << i;
        }
      }
    }
  }
  for (int rank = 0; rank < ranks; ++rank)
    for (size_t i = 0; i < back[size_t(rank)].size(); ++i)
      EXPECT_EQ(back[size_t(rank)][i], float(100 * rank + int(i / cols)) * 10 + float(i % cols));
}

/// A step that works on the rows of an exchange is left out on the rank that gets none.
TEST(HostCollectives, StepsOfRowsThatNobodySends) {
  spec::CountedExchange counted{false, false, {"tp"}, 2, 2, 3, 2, 2, 1, DType::f32};
  plan::Plan plan = exchangePlan(plan::makeMesh(1, 2, 1, 1), counted);
  plan::Target &target = plan.targets[0];
  const int filled = target.findBuffer("received");
  target.kernels.push_back(
      {"fill", "fill", "host", "", toJson(spec::KernelSpec(spec::Fill{2, 7}))});
  // Into what is received.
  target.programs[0].steps.push_back(
      {plan::StepKind::launch, 1, {{filled, 0}}, "model.x", 0, {}, 0});
  auto executor = createExecutor(plan, {"host", 1});
  // Of the window from row 2 on the first rank, with five rows, gets two, the other none.
  const std::vector<int32_t> bounds{0, 3, 3, 0, 2, 3};
  for (int rank = 0; rank < 2; ++rank)
    executor->write(rank, target.findBuffer("bounds"), 0, std::as_bytes(std::span(bounds)));
  executor->run(0);
  EXPECT_EQ(read<float>(*executor, 0, filled), (std::vector<float>{7, 7}));
  EXPECT_EQ(read<float>(*executor, 1, filled), (std::vector<float>{0, 0}));

  target.programs[0].steps[0] = target.programs[0].steps[1];
  target.programs[0].steps[0].rows_of = -1;
  try {
    createExecutor(plan, {"host", 1});
    FAIL();
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(),
                 "program main, step 1 (model.x): works on rows of a step that brings none");
  }
}

TEST(HostCollectives, CoordinatesAndDescription) {
  const plan::Plan plan = exchangePlan(
      plan::makeMesh(2, 3, 1, 1), spec::Collective{Exchange::allReduce, {"tp"}, 3, 1, DType::f32});
  auto executor = createExecutor(plan, {"host", 1});
  ASSERT_EQ(executor->localRanks(), 6);
  for (int rank = 0; rank < 6; ++rank)
    EXPECT_EQ(read<int32_t>(*executor, rank, 2), std::vector<int32_t>{rank % 3});
  EXPECT_TRUE(executor->description().starts_with("host, 6 ranks, 1 thread, "));
}

TEST(HostCollectives, ThatDoNotFitTheMesh) {
  const auto errorOf = [](const spec::Collective &collective) -> std::string {
    plan::Plan plan = exchangePlan(plan::makeMesh(2, 2, 1, 1), collective);
    plan.targets[0].buffers.pop_back();
    try {
      createExecutor(plan, {"host", 1});
    } catch (const Error &error) {
      return error.what();
    }
    return "no error";
  };
  const std::string start = "program main, step 0 (model.x): kernel exchange: ";
  EXPECT_EQ(errorOf({Exchange::allReduce, {"ep"}, 2, 1}),
            start + "axis ep is not in the mesh, or not in its order");
  EXPECT_EQ(errorOf({Exchange::allReduce, {"tp", "dp"}, 4, 1}),
            start + "axis dp is not in the mesh, or not in its order");
  EXPECT_EQ(errorOf({Exchange::allReduce, {"tp"}, 4, 1}), start + "its axes have 2 ranks, not 4");
  EXPECT_EQ(errorOf({Exchange::allReduce, {"dp", "tp"}, 4, 1}), "no error");
}

} // namespace
