// The GPU executor on a driver of the test's own: what it says when a GPU, its memory, a kernel or
// the driver is not what the plan needs, that nothing waits inside a step, and that what is watched
// is named. Needs NVRTC but no GPU.
#include "codegen/spec/SpecJson.h"
#include "runtime/exec/cuda/CudaExecutor.h"
#include "test/cuda/FakeDriver.h"

#include <gtest/gtest.h>

#include <limits>

namespace {

using namespace step37;
using namespace step37::test;

/// Two steps of one kernel that fill "first" and "second", f32 [4] each.
plan::Plan fillPlan() {
  plan::Plan plan;
  plan.blobs = {{"fill.cubin", "no cubin at all"},
                {"fill.cu", "extern \"C\" __global__ void fill_0() {}"}};
  plan::Target &target = plan.targets.emplace_back();
  target.name = "cuda";
  target.arch = "sm_90a";
  target.compiler = "13.1";
  for (const char *name : {"first", "second"}) {
    plan::Buffer &buffer = target.buffers.emplace_back();
    buffer.name = name;
    buffer.shape = {4};
    buffer.offset = target.arena_bytes;
    target.arena_bytes += 64;
  }
  plan::Kernel &kernel = target.kernels.emplace_back();
  kernel.name = kernel.family = "fill";
  kernel.variant = "generic";
  kernel.spec = nlohmann::json(toJson(spec::Fill{4, 0.5}));
  kernel.image = "fill.cubin";
  kernel.source = "fill.cu";
  kernel.stages = {{"fill_0", {1, 1, 1}, 32, 0, 0, 0}};
  target.programs = {{"main",
                      plan::ProgramRole::accumulate,
                      {{plan::StepKind::launch, 0, {{0, 0}}, "model.first"},
                       {plan::StepKind::launch, 0, {{1, 0}}, "model.second"}}}};
  return plan;
}

/// The executor of a plan on a fake GPU that a test has changed.
std::unique_ptr<cuda::CudaExecutor> create(
    const plan::Plan &plan, const std::function<void(FakeGpu &)> &change = [](FakeGpu &) {},
    const ExecutorOptions &options = {}) {
  std::unique_ptr<cuda::Driver> driver = fakeDriver();
  change(FakeGpu::current());
  return std::make_unique<cuda::CudaExecutor>(plan, plan.targets[0], options, std::move(driver));
}

template <class Call> std::string errorOf(Call call) {
  try {
    call();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

void expectContains(const std::string &text, const std::vector<std::string> &parts) {
  for (const std::string &part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << text << "\nlacks: " << part;
}

/// The first argument of a launch.
float *firstBuffer(void **parameters) { return *static_cast<float **>(parameters[0]); }

TEST(CudaExecutor, AnotherArchitectureIsRefusedWithTheOneThatFits) {
  const plan::Plan plan = fillPlan();
  EXPECT_EQ(errorOf([&] { create(plan, [](FakeGpu &gpu) { gpu.major = 8; }); }),
            "the plan's kernels are for sm_90a, but the GPU (Fake GPU) is sm_80: compile with "
            "--arch sm_80");
  EXPECT_EQ(errorOf([&] { create(plan, [](FakeGpu &gpu) { gpu.major = 10; }); }),
            "the plan's kernels are for sm_90a, but the GPU (Fake GPU) is sm_100a: compile with "
            "--arch sm_100a");
  EXPECT_TRUE(FakeGpu::current().images.empty());
}

TEST(CudaExecutor, TooLittleMemoryIsFoundBeforeAnythingIsAllocated) {
  plan::Plan plan = fillPlan();
  plan.targets[0].arena_bytes = int64_t{3} << 30;
  EXPECT_EQ(errorOf([&] { create(plan); }),
            "the plan needs 3.00 GiB of GPU memory, but of the 2.00 GiB of Fake GPU only 1.00 GiB "
            "are free");
  EXPECT_EQ(FakeGpu::current().calls["cuMemAlloc"], 0);
}

TEST(CudaExecutor, ACubinThatTheDriverTakesIsNotCompiled) {
  const plan::Plan plan = fillPlan();
  create(plan);
  EXPECT_EQ(FakeGpu::current().images, std::vector<std::string>{"no c"});
}

TEST(CudaExecutor, ARefusedCubinIsCompiledFromItsText) {
  const plan::Plan plan = fillPlan();
  create(plan, [](FakeGpu &gpu) { gpu.moduleLoads = {CUDA_ERROR_INVALID_IMAGE}; });
  EXPECT_EQ(FakeGpu::current().images, (std::vector<std::string>{"no c", "\177ELF"}));
}

TEST(CudaExecutor, ARefusedCubinWhoseTextIsNoGoodNamesKernelAndVersions) {
  plan::Plan plan = fillPlan();
  plan.blobs[1].bytes = "broken";
  auto refuse = [](FakeGpu &gpu) {
    gpu.moduleLoads = {CUDA_ERROR_INVALID_IMAGE};
    gpu.cudaVersion = 12040;
  };
  expectContains(errorOf([&] { create(plan, refuse); }),
                 {"kernel fill", "CUDA_ERROR_INVALID_IMAGE", "compiled with CUDA 13.1",
                  "the driver supports CUDA 12.4", "fill.cu", "update the driver"});
  plan.targets[0].kernels[0].source.clear();
  expectContains(errorOf([&] { create(plan, refuse); }), {"does not carry its text"});
}

TEST(CudaExecutor, OtherFailuresOfLoadingAreNotTakenForARefusal) {
  const plan::Plan plan = fillPlan();
  const std::string error = errorOf(
      [&] { create(plan, [](FakeGpu &gpu) { gpu.moduleLoads = {CUDA_ERROR_OUT_OF_MEMORY}; }); });
  expectContains(error, {"loading kernel fill: CUDA_ERROR_OUT_OF_MEMORY"});
  EXPECT_EQ(FakeGpu::current().images.size(), 1u);
}

TEST(CudaExecutor, ALostGpuIsCalledSo) {
  const plan::Plan plan = fillPlan();
  auto executor = create(plan);
  executor->run(0);
  FakeGpu::current().onWait = [] { return CUDA_ERROR_ECC_UNCORRECTABLE; };
  expectContains(
      errorOf([&] { executor->finishReads(); }),
      {"waiting for results: CUDA_ERROR_ECC_UNCORRECTABLE", "the GPU is lost", "--resume"});
}

TEST(CudaExecutor, AFailedKernelPointsToCheckAndCheckNamesTheStep) {
  const plan::Plan plan = fillPlan();
  auto fail = [] {
    const bool second = FakeGpu::current().calls["cuLaunchKernel"] == 2;
    return second ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_SUCCESS;
  };
  auto executor = create(plan, [&](FakeGpu &gpu) { gpu.onWait = fail; });
  executor->run(0);
  expectContains(errorOf([&] { executor->finishReads(); }), {"--check names its step"});
  executor = create(plan, [&](FakeGpu &gpu) { gpu.onWait = fail; });
  executor->watchSteps(true);
  expectContains(errorOf([&] { executor->run(0); }),
                 {"program main, step 1 (model.second): CUDA_ERROR_ILLEGAL_ADDRESS"});
}

TEST(CudaExecutor, CheckNamesTheFirstValueThatIsNotFinite) {
  const plan::Plan plan = fillPlan();
  auto executor = create(plan, [](FakeGpu &gpu) {
    gpu.onLaunch = [](void **parameters) {
      if (FakeGpu::current().calls["cuLaunchKernel"] == 2)
        firstBuffer(parameters)[3] = std::numeric_limits<float>::infinity();
    };
  });
  executor->watchSteps(true);
  EXPECT_EQ(errorOf([&] { executor->run(0); }),
            "program main, step 1 (model.second): kernel fill writes a value that is not finite: "
            "argument out, buffer second, element 3");
}

TEST(CudaExecutor, NothingWaitsInsideAStep) {
  const plan::Plan plan = fillPlan();
  auto executor = create(plan);
  const float value = 7;
  float first = 0, second = 0;
  for (int i = 0; i < 100; ++i) {
    executor->write(0, 0, 4, std::as_bytes(std::span(&value, 1)));
    executor->run(0);
    executor->startRead(0, 0, 4, std::as_writable_bytes(std::span(&first, 1)));
  }
  executor->startRead(0, 1, 0, std::as_writable_bytes(std::span(&second, 1)));
  FakeGpu &gpu = FakeGpu::current();
  EXPECT_EQ(gpu.calls["cuGraphLaunch"], 100);
  EXPECT_EQ(gpu.calls["cuLaunchKernel"], 2); // while the graph was captured
  EXPECT_EQ(gpu.calls["cuStreamSynchronize"] + gpu.calls["cuEventSynchronize"], 0);
  EXPECT_EQ(first, 0);
  executor->finishReads();
  EXPECT_EQ(gpu.calls["cuStreamSynchronize"], 1);
  EXPECT_EQ(first, 7);
}

TEST(CudaExecutor, UploadsWaitOnlyForThoseWhoseMemoryTheyTake) {
  std::unique_ptr<cuda::Driver> driver = fakeDriver();
  cuda::PinnedCopies copies(*driver, nullptr);
  std::vector<std::byte> bytes(cuda::PinnedCopies::mostUpload / 2, std::byte{3});
  std::vector<std::byte> device(bytes.size());
  FakeGpu &gpu = FakeGpu::current();
  for (int uploads = 1; uploads <= 9; ++uploads) {
    copies.upload(reinterpret_cast<CUdeviceptr>(device.data()), bytes);
    EXPECT_EQ(gpu.calls["cuEventSynchronize"], std::max(0, (uploads - 3) / 2)) << uploads;
  }
  EXPECT_EQ(device, bytes);
}

TEST(CudaExecutor, MemoryIsWhatThePlanSaysAndWhatIsGone) {
  const plan::Plan plan = fillPlan();
  auto executor = create(plan);
  FakeGpu::current().freeBytes -= 1000;
  const DeviceMemory memory = executor->memory().value();
  EXPECT_EQ(memory.planned, 128 + int64_t(plan.blobs[0].bytes.size()));
  EXPECT_EQ(memory.held, 128 + 1000);
}

TEST(CudaExecutor, StepsAreTimed) {
  const plan::Plan plan = fillPlan();
  auto executor = create(plan);
  executor->watchSteps(false);
  executor->run(0);
  const std::vector<StepTime> &steps = executor->watch()->steps();
  ASSERT_EQ(steps.size(), 2u);
  for (const StepTime &step : steps)
    EXPECT_NEAR(step.seconds, 1e-3, 1e-9); // the fake's events are a millisecond apart
  EXPECT_NEAR(steps[1].begin - steps[0].begin, 2e-3, 1e-9);
  EXPECT_EQ(executor->watch()->programs()[0].kernels[0].runs, 2);
}

/// Stream 2 begins behind stream 1 and is waited for at the end, in graphs as in single launches.
TEST(CudaExecutor, StreamsWaitForEachOtherAsThePlanSays) {
  plan::Plan plan = fillPlan();
  std::vector<plan::Step> &steps = plan.targets[0].programs[0].steps;
  steps[1].stream = 1;
  steps[1].after = {0};
  steps.push_back(steps[0]);
  steps[2].after = {1};
  for (const bool graph : {true, false}) {
    ExecutorOptions options;
    options.graph = graph;
    auto executor = create(plan, [](FakeGpu &) {}, options);
    FakeGpu::current().enqueued.clear();
    executor->run(0);
    // Events 1 and 2 are the program's begin and end, 3 and 4 of copies, 5 and 6 of steps 0 and 1.
    EXPECT_EQ(FakeGpu::current().enqueued,
              (std::vector<std::string>{"record 1 on 1", "wait for 1 on 2", "launch on 1",
                                        "record 5 on 1", "wait for 5 on 2", "launch on 2",
                                        "record 6 on 2", "wait for 6 on 1", "launch on 1",
                                        "record 2 on 2", "wait for 2 on 1"}));
  }
  steps[1].stream = 0;
  steps[1].after = steps[2].after = {};
  auto executor = create(plan);
  FakeGpu::current().enqueued.clear();
  executor->run(0);
  EXPECT_EQ(FakeGpu::current().enqueued, std::vector<std::string>(3, "launch on 1"));
}

TEST(CudaExecutor, APlanWithoutProductsHasNothingToTune) {
  const plan::Plan plan = fillPlan();
  auto executor = create(plan);
  EXPECT_EQ(errorOf([&] { executor->tuneProducts([](const std::string &) {}); }),
            "the plan has no products to tune");
}

} // namespace
