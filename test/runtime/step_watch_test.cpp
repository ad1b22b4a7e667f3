// Runs on the host that are watched: what is noted, the first value that is not finite, the trace
// and the table by kernel family.
#include "codegen/cost/Work.h"
#include "codegen/spec/SpecJson.h"
#include "runtime/exec/CreateExecutor.h"
#include "runtime/profile/ProfileReport.h"
#include "runtime/profile/TraceFile.h"
#include "test/runtime/FileTestSupport.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace {

using namespace step37;
using namespace step37::test;

/// Columns 0 and 1 of each of three rows of four become a·bᵀ (a [3,4], b [2,4]); then d = c + c on
/// the first two rows.
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
  buffer("c", {3, 4});
  buffer("d", {8});
  auto kernel = [&](std::string name, const spec::KernelSpec &spec) {
    target.kernels.push_back(
        {std::move(name), std::string(family(spec)), "host", "", nlohmann::json(toJson(spec))});
  };
  kernel("product", spec::Gemm{3, 2, 4, false, true, 4, 4, 4});
  kernel("double", spec::Add{8, 2, DType::f32});
  target.programs = {{"main",
                      plan::ProgramRole::accumulate,
                      {{plan::StepKind::gemm, 0, {{0, 0}, {1, 0}, {2, 0}}, "model.first"},
                       {plan::StepKind::launch, 1, {{2, 0}, {2, 0}, {3, 0}}, "model.second"}}}};
  return plan;
}

void write(Executor &executor, int buffer, const std::vector<float> &values) {
  executor.write(0, buffer, 0, std::as_bytes(std::span(values)));
}

TEST(StepWatch, CheckNamesTheFirstStepThatWritesNoNumber) {
  const plan::Plan plan = smallPlan();
  auto executor = createExecutor(plan, {.device = "host", .threads = 1, .check = true});
  EXPECT_EQ(errorOf([&] { executor->run(0); }), "");
  write(*executor, 0, {1, 1, 1, 1, 1, 1, 1, NAN, 1, 1, 1, 1});
  write(*executor, 1, {1, 1, 1, 1, 1, 1, 1, 1});
  EXPECT_EQ(errorOf([&] { executor->run(0); }),
            "program main, step 0 (model.first): kernel product writes a value that is not finite: "
            "argument c, buffer c, element 4");
}

TEST(StepWatch, CheckLooksAtWhatAStepWritesOnly) {
  const plan::Plan plan = smallPlan();
  auto executor = createExecutor(plan, {.device = "host", .threads = 1, .check = true});
  // Columns 2 and 3 of c are gaps to the product; the sum reads and writes them.
  write(*executor, 2, {0, 0, 0, INFINITY, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(errorOf([&] { executor->run(0); }),
            "program main, step 1 (model.second): kernel double writes a value that is not finite: "
            "argument out, buffer d, element 3");
  write(*executor, 2, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NAN, NAN});
  EXPECT_EQ(errorOf([&] { executor->run(0); }), "");
}

TEST(StepWatch, Bfloat16IsLookedAtAsSuch) {
  plan::Plan plan = smallPlan();
  plan::Target &target = plan.targets[0];
  target.kernels[1].spec = nlohmann::json(toJson(spec::Add{8, 2, DType::bf16}));
  target.buffers[2].type = target.buffers[3].type = DType::bf16;
  target.programs[0].steps.erase(target.programs[0].steps.begin());
  auto executor = createExecutor(plan, {.device = "host", .threads = 1, .check = true});
  const std::vector<uint16_t> values{0, 0, 0, 0, 0, 0, 0xff80, 0}; // −infinity
  executor->write(0, 2, 0, std::as_bytes(std::span(values)));
  EXPECT_NE(errorOf([&] { executor->run(0); }).find("buffer d, element 6"), std::string::npos);
}

TEST(StepWatch, TraceHasOneEventAStep) {
  const plan::Plan plan = smallPlan();
  const TempDir scratch;
  auto executor = createExecutor(plan, {.device = "host", .threads = 1, .trace = "named"});
  executor->run(0);
  executor->run(0);
  report::writeTrace(plan.targets[0], *executor->watch(), scratch / "t.json");
  const auto root = nlohmann::json::parse(readBytes(scratch / "t.json"));
  const auto &events = root.at("traceEvents");
  ASSERT_EQ(events.size(), 4u);
  double end = 0;
  for (size_t i = 0; i < 4; ++i) {
    const auto &event = events[i];
    EXPECT_EQ(event.at("name"), i % 2 ? "model.second" : "model.first");
    EXPECT_EQ(event.at("cat"), i % 2 ? "add" : "gemm");
    EXPECT_EQ(event.at("ph"), "X");
    EXPECT_EQ(event.at("tid"), 0);
    EXPECT_EQ(event.at("args").at("program"), "main");
    EXPECT_EQ(event.at("args").at("kernel"), i % 2 ? "double" : "product");
    EXPECT_EQ(event.at("args").at("step"), i % 2);
    EXPECT_GE(event.at("ts").get<double>(), end); // steps run one after another
    EXPECT_GE(event.at("dur").get<double>(), 0);
    end = event.at("ts").get<double>() + event.at("dur").get<double>() - 1e-3;
  }
}

TEST(StepWatch, ATraceThatCannotBeWrittenIsRefusedAtOnce) {
  const plan::Plan plan = smallPlan();
  ExecutorOptions options{.device = "host", .threads = 1};
  options.trace = "/no/such/folder/t.json";
  try {
    createExecutor(plan, options);
    FAIL();
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/folder"), std::string::npos) << error.what();
  }
}

TEST(StepWatch, NothingIsNotedUnlessAsked) {
  const plan::Plan plan = smallPlan();
  EXPECT_EQ(createExecutor(plan, {.device = "host", .threads = 1})->watch(), nullptr);
}

TEST(StepWatch, OnlyWhatATraceCanShowIsKept) {
  const plan::Plan plan = smallPlan();
  StepWatch watch(plan.targets[0], false);
  for (size_t i = 0; i < StepWatch::mostSteps; ++i)
    watch.note({0, 0, 1, double(i), 0.5});
  EXPECT_FALSE(watch.sawMoreSteps());
  watch.note({0, 0, 1, 0, 0.5});
  EXPECT_TRUE(watch.sawMoreSteps());
  EXPECT_EQ(watch.steps().size(), StepWatch::mostSteps);
  EXPECT_EQ(watch.programs()[0].kernels[1].runs, int64_t(StepWatch::mostSteps) + 1);
}

TEST(Profile, TimesAndRatesByFamily) {
  const plan::Plan plan = smallPlan();
  StepWatch watch(plan.targets[0], false);
  watch.note({0, 0, 0, 0, 3e-12}); // 48 operations; 12 + 8 + 6 floats
  watch.note({0, 0, 1, 0, 1e-12}); // 24 floats
  const report::Ceilings ceilings{1e15, 32e12, 96e12, "a guess"};
  const std::vector<report::FamilyTime> times =
      report::familyTimes(plan.targets[0], watch.programs()[0], ceilings);
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0].family, "gemm");
  EXPECT_EQ(times[0].operations, 48);
  EXPECT_EQ(times[0].bytes, 26 * 4);         // the gaps in c do not count
  EXPECT_DOUBLE_EQ(times[0].floor, 1.5e-12); // f32: bound by operations
  EXPECT_EQ(times[1].family, "add");
  EXPECT_EQ(times[1].operations, 0);
  EXPECT_EQ(times[1].bytes, 24 * 4);
  EXPECT_DOUBLE_EQ(times[1].floor, 1e-12);
}

TEST(Profile, SaysWhatOfExchangeNothingHides) {
  plan::Plan plan = smallPlan();
  plan::Target &target = plan.targets[0];
  std::vector<plan::Step> &steps = target.programs[0].steps;
  steps[1].kind = plan::StepKind::collective;
  // Computes from 1 to 3 and from 6 to 7, exchanges from 2 to 5 and from 6 to 6.5.
  std::vector<StepTime> times{{0, 0, 0, 1, 2}, {0, 0, 1, 2, 3}, {0, 0, 0, 6, 1}, {0, 0, 1, 6, 0.5}};
  times.push_back({1, 0, 1, 0, 9}); // another rank's
  const report::ExchangeTime time = report::exchangeTime(target, 0, times, 0);
  EXPECT_DOUBLE_EQ(time.seconds, 3.5);
  EXPECT_DOUBLE_EQ(time.exposed, 2);
  StepWatch watch(target, false);
  watch.note({0, 0, 0, 0, 2e-3});
  watch.note({0, 0, 1, 1e-3, 3e-3});
  const std::string text = report::profileText(target, watch, "");
  EXPECT_NE(text.find("exchange: 3.000 ms a run, 2.000 ms of it beside no kernel\n"),
            std::string::npos)
      << text;
}

TEST(Profile, TableStatesTheLimits) {
  const plan::Plan plan = smallPlan();
  StepWatch watch(plan.targets[0], false);
  watch.note({0, 0, 0, 0, 4e-12});
  watch.note({0, 0, 0, 0, 2e-12});
  const std::string known = report::profileText(plan.targets[0], watch, "NVIDIA H200");
  EXPECT_NE(known.find("limits: bf16 products 790 TFLOP/s, f32 products 67 TFLOP/s, memory 4.30 "
                       "TB/s"),
            std::string::npos)
      << known;
  EXPECT_NE(known.find("gemm    host        1  0.000  100.0 %    16.00  34.67"), std::string::npos)
      << known;
  EXPECT_NE(known.find("Time of program main by kernel family, 2 runs\n"), std::string::npos)
      << known;
  EXPECT_EQ(known.find("add"), std::string::npos) << known;
  const std::string unknown = report::profileText(plan.targets[0], watch, "");
  EXPECT_NE(unknown.find("no limits are known"), std::string::npos) << unknown;
}

TEST(Work, CountsProductsAndWhatMoves) {
  const spec::Work product = spec::workOf(
      spec::Gemm{3, 2, 4, false, true, 4, 4, 9, DType::bf16, DType::bf16, DType::f32, true, 100});
  EXPECT_EQ(product.operations, 48);
  EXPECT_TRUE(product.tensorCores);
  EXPECT_EQ(product.bytes, 2 * 12 + 2 * 8 + 2 * 4 * 6 + 4); // c is read and written; beta
  const spec::Work mixed =
      spec::workOf(spec::Gemm{3, 2, 4, false, true, 4, 4, 2, DType::bf16, DType::f32, DType::f32});
  EXPECT_FALSE(mixed.tensorCores);
  // A window of 2 keys: one query sees one key, three see two.
  spec::Attention attention{4, 4, 2, 1, 8, 2, 8, 0, false, 1, DType::f32};
  EXPECT_EQ(spec::workOf(attention).operations, 4 * 7 * 16);
  attention.window = 0;
  EXPECT_EQ(spec::workOf(attention).operations, 4 * 10 * 16);
  // Of the table only the rows that are looked up.
  EXPECT_EQ(spec::workOf(spec::Embedding{5, 1000, 8, DType::f32}).bytes, 5 * (2 * 32 + 4));
}

} // namespace
