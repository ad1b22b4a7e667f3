// The host executor on plans made here: what it computes, the same bits whatever the number of
// threads, and the errors for plans whose steps do not fit. And the worker pool under it.
#include "codegen/spec/SpecJson.h"
#include "runtime/base/Error.h"
#include "runtime/base/ThreadPool.h"
#include "runtime/exec/CreateExecutor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace {

using namespace step37;

/// c = a·bᵀ, then d = c + c: f32, a [3,4], b [2,4], c and d [3,2].
plan::Plan smallPlan() {
  plan::Plan plan;
  plan::Target &target = plan.targets.emplace_back();
  target.name = "host";
  auto buffer = [&](std::string name, std::vector<int64_t> shape) {
    plan::Buffer &added = target.buffers.emplace_back();
    added.name = std::move(name);
    added.shape = std::move(shape);
    added.offset = target.arena_bytes;
    target.arena_bytes += 64;
  };
  buffer("a", {3, 4});
  buffer("b", {2, 4});
  buffer("c", {3, 2});
  buffer("d", {3, 2});
  auto kernel = [&](std::string name, const spec::KernelSpec &spec) {
    target.kernels.push_back(
        {std::move(name), std::string(family(spec)), "host", "", toJson(spec)});
  };
  kernel("product", spec::Gemm{3, 2, 4, false, true, 4, 4, 2});
  kernel("double", spec::Add{6, 2, DType::f32});
  plan::Program &program = target.programs.emplace_back();
  program.name = "main";
  program.steps.push_back({plan::StepKind::gemm, 0, {{0, 0}, {1, 0}, {2, 0}}, "model.first"});
  program.steps.push_back({plan::StepKind::launch, 1, {{2, 0}, {2, 0}, {3, 0}}, "model.second"});
  return plan;
}

void write(Executor &executor, int buffer, const std::vector<float> &values) {
  executor.write(0, buffer, 0, std::as_bytes(std::span(values)));
}

std::vector<float> read(const Executor &executor, int buffer, size_t count) {
  std::vector<float> values(count);
  executor.read(0, buffer, 0, std::as_writable_bytes(std::span(values)));
  return values;
}

std::string errorOf(const plan::Plan &plan, const std::string &device = "host") {
  try {
    createExecutor(plan, {device, 1});
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

TEST(HostExecutor, RunsAProgram) {
  plan::Plan plan = smallPlan();
  for (int threads : {1, 2, 5}) {
    auto executor = createExecutor(plan, {"host", threads});
    EXPECT_EQ(executor->localRanks(), 1);
    EXPECT_EQ(&executor->target(), plan.findTarget("host"));
    EXPECT_EQ(executor->description().find("host, " + std::to_string(threads) +
                                           (threads == 1 ? " thread, " : " threads, ") +
                                           "OpenBLAS "),
              0u)
        << executor->description();
    EXPECT_EQ(read(*executor, 3, 6), std::vector<float>(6, 0.0f));
    write(*executor, 0, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    write(*executor, 1, {1, 0, 0, 1, 0, 2, 0, 0});
    executor->run(0);
    EXPECT_EQ(read(*executor, 2, 6), (std::vector<float>{5, 4, 13, 12, 21, 20}));
    EXPECT_EQ(read(*executor, 3, 6), (std::vector<float>{10, 8, 26, 24, 42, 40}));
  }
}

TEST(HostExecutor, WritesAndReadsParts) {
  plan::Plan plan = smallPlan();
  auto executor = createExecutor(plan, {"host", 1});
  float value = 7;
  executor->write(0, 2, 8, std::as_bytes(std::span(&value, 1)));
  EXPECT_EQ(read(*executor, 2, 6), (std::vector<float>{0, 0, 7, 0, 0, 0}));
  float got = 0;
  executor->read(0, 2, 8, std::as_writable_bytes(std::span(&got, 1)));
  EXPECT_EQ(got, 7);
}

TEST(HostExecutor, ArgumentsBeginAtTheirOffsets) {
  plan::Plan plan = smallPlan();
  plan::Target &target = plan.targets[0];
  target.kernels[1].spec = toJson(spec::Add{2, 2, DType::f32});
  target.programs[0].steps[1].arguments = {{0, 8}, {0, 16}, {3, 4}};
  auto executor = createExecutor(plan, {"host", 2});
  write(*executor, 0, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  executor->run(0);
  EXPECT_EQ(read(*executor, 3, 6), (std::vector<float>{0, 8, 10, 0, 0, 0}));
}

TEST(HostExecutor, PlansThatDoNotFit) {
  const std::string step = "program main, step 1 (model.second): ";
  auto changed = [](auto &&change) {
    plan::Plan plan = smallPlan();
    change(plan.targets[0]);
    return errorOf(plan);
  };
  EXPECT_EQ(errorOf(smallPlan()), "no error");
  EXPECT_EQ(errorOf(smallPlan(), "cuda"), "the plan has no target \"cuda\"");
  EXPECT_EQ(changed([](plan::Target &t) { t.kernels[1].family = "ad"; }),
            "target host, kernel double: unknown kernel family \"ad\"");
  EXPECT_EQ(changed([](plan::Target &t) { t.kernels[1].spec["width"] = 3; }),
            "target host, kernel double: add.width: unknown field");
  EXPECT_EQ(changed([](plan::Target &t) { t.kernels[1].spec["elements"] = -6; }),
            "target host, kernel double: add.elements: must be positive, is -6");
  EXPECT_EQ(changed([](plan::Target &t) { t.programs[0].steps[1].arguments.pop_back(); }),
            step + "kernel double takes 3 arguments, not 2");
  EXPECT_EQ(changed([](plan::Target &t) { t.buffers[3].type = DType::bf16; }),
            step + "kernel double, argument out, buffer d: is bf16, must be f32");
  EXPECT_EQ(changed([](plan::Target &t) { t.buffers[3].shape = {5}; }),
            step + "kernel double, argument out, buffer d: has 5 elements from offset 0 on, "
                   "must have 6");
  EXPECT_EQ(changed([](plan::Target &t) { t.programs[0].steps[1].arguments[1].offset = 4; }),
            step + "kernel double, argument addend1, buffer c: has 5 elements from offset 4 on, "
                   "must have 6");
  EXPECT_EQ(changed([](plan::Target &t) { t.programs[0].steps[1].arguments[1].offset = 400; }),
            step + "kernel double, argument addend1, buffer c: has 0 elements from offset 400 on, "
                   "must have 6");
  EXPECT_EQ(changed([](plan::Target &t) { t.programs[0].steps[1].arguments[1].offset = 2; }),
            step + "kernel double, argument addend1, buffer c: offset 2 is not at an element");
  EXPECT_EQ(changed([](plan::Target &t) { t.programs[0].steps[1].arguments[1].buffer = 4; }),
            step + "argument addend1: no such buffer");
  EXPECT_EQ(changed([](plan::Target &t) { t.programs[0].steps[1].kernel = 2; }),
            step + "no such kernel");
  EXPECT_EQ(changed([](plan::Target &t) {
              t.arena_bytes = int64_t(1) << 60;
            }).find("cannot allocate 1152921504606846976 bytes of memory: "),
            0u);
}

TEST(ThreadPool, EveryItemOnce) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int64_t count : {0, 1, 2, 3, 7, 1000})
      for (int repeat = 0; repeat < 50; ++repeat) {
        std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
        std::atomic<bool> workersInRange = true;
        pool.parallelFor(count, [&](int64_t index, int worker) {
          ++visits[size_t(index)];
          if (worker < 0 || worker >= threads)
            workersInRange = false;
        });
        for (std::atomic<int> &visit : visits)
          ASSERT_EQ(visit, 1);
        EXPECT_TRUE(workersInRange);
      }
  }
}

TEST(ThreadPool, WorkersTakeItems) {
  ThreadPool pool(2);
  std::atomic<int> arrived = 0;
  pool.parallelFor(2, [&](int64_t) { // returns only if both items run at once
    ++arrived;
    while (arrived < 2)
      std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
}

TEST(ThreadPool, ExceptionsReachTheCaller) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_THROW(pool.parallelFor(100,
                                  [](int64_t index) {
                                    if (index % 10 == 3)
                                      throw std::invalid_argument("item");
                                  }),
                 std::invalid_argument);
    std::atomic<int> begun = 0;
    EXPECT_THROW(pool.parallelFor(100000,
                                  [&](int64_t) {
                                    ++begun;
                                    throw std::invalid_argument("every item");
                                  }),
                 std::invalid_argument);
    EXPECT_LE(begun, threads);
    std::atomic<int> done = 0;
    pool.parallelFor(100, [&](int64_t) { ++done; });
    EXPECT_EQ(done, 100);
  }
}

} // namespace
