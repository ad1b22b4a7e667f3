// The GPU executor as four processes, on a driver and an NCCL of the test's own: after every kind
// of exchange each rank has what the host executor, which runs all ranks, has for it.
#include "codegen/spec/SpecJson.h"
#include "runtime/exec/CreateExecutor.h"
#include "runtime/exec/cuda/CudaExecutor.h"
#include "runtime/exec/host/HostExecutor.h"
#include "runtime/job/Job.h"
#include "runtime/plan/Mesh.h"
#include "test/cuda/FakeDriver.h"
#include "test/cuda/FakeNccl.h"
#include "test/runtime/ForkedRanks.h"

#include <gtest/gtest.h>

#include <iostream>
#include <map>

namespace {

using namespace step37;
using namespace step37::test;
using spec::Exchange;

constexpr int64_t elements = 6;
constexpr int64_t ownRows = 9; // of counted exchanges

/// Every exchange over tp, over dp and over both, counted ones too, each from a buffer of its own
/// to one of its own; and the index along each.
class ExchangePlan {
public:
  ExchangePlan() {
    plan.mesh = plan::makeMesh(2, 2, 1, 1);
    target.name = "host";
    target.arch = "sm_90a";
    target.programs = {{"main", plan::ProgramRole::accumulate, {}}};
    for (const std::vector<std::string> &axes :
         {std::vector<std::string>{"tp"}, {"dp"}, {"dp", "tp"}}) {
      for (const Exchange exchange :
           {Exchange::allReduce, Exchange::allGather, Exchange::reduceScatter, Exchange::allToAll})
        add(spec::Collective{exchange, axes, plan::rankCount(plan.mesh, axes), elements,
                             DType::f32});
      addCounted(axes);
      buffer("index", DType::i32, 1).coordinate = axes;
    }
    plan.targets = {target, target};
    plan.targets[1].name = "cuda";
  }

  plan::Plan plan;

private:
  plan::Buffer &buffer(const std::string &name, DType type, int64_t count) {
    plan::Buffer &added = target.buffers.emplace_back();
    added.name = name + std::to_string(target.buffers.size());
    added.type = type;
    added.shape = {count};
    added.offset = target.arena_bytes;
    target.arena_bytes += (added.bytes() + 63) / 64 * 64;
    return added;
  }

  /// There in two windows of three, and back: the second window keeps what the first one brought.
  void addCounted(const std::vector<std::string> &axes) {
    const int64_t ranks = plan::rankCount(plan.mesh, axes);
    spec::CountedExchange counted{
        false, false, axes, ranks, 2 * ranks, ownRows, ownRows * ranks / 3, 0, 2, DType::f32};
    const int bounds = static_cast<int>(target.buffers.size());
    buffer("bounds", DType::i32, ranks * (2 * ranks + 1));
    int returned = -1;
    for (const bool second : {false, true}) {
      counted.first = second ? counted.rows : 0;
      counted.back = counted.keeps = false;
      add(counted, {{"bounds", bounds}});
      const int received = static_cast<int>(target.buffers.size()) - 1;
      counted.back = true;
      counted.keeps = second;
      add(counted, {{"bounds", bounds}, {"received", received}, {"before", returned}});
      returned = static_cast<int>(target.buffers.size()) - 1;
    }
  }

  /// With new buffers for arguments that have none yet.
  void add(const spec::KernelSpec &collective, const std::map<std::string, int> &known = {}) {
    plan::Step step{plan::StepKind::collective, static_cast<int>(target.kernels.size()), {}, "x"};
    for (const spec::Argument &argument : spec::arguments(collective)) {
      const auto found = known.find(argument.name);
      const bool isNew = found == known.end();
      step.arguments.push_back(
          {isNew ? static_cast<int>(target.buffers.size()) : found->second, 0});
      if (isNew)
        buffer(argument.access == spec::Access::read ? "in" : argument.name, argument.type,
               argument.elements);
    }
    target.kernels.push_back({"exchange" + std::to_string(target.kernels.size()),
                              std::string(spec::family(collective)), "nccl", "",
                              toJson(collective)});
    target.programs[0].steps.push_back(std::move(step));
  }

  plan::Target target;
};

/// Values of a rank's input: small whole numbers, so that sums are the same in any order.
std::vector<float> inputOf(int rank, size_t buffer, int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>((rank * 31 + static_cast<int>(buffer) * 7 + i) % 23));
  return values;
}

/// Offsets of the rows of each expert on each of `ranks` ranks: most are the first one's.
std::vector<int32_t> boundsOf(int64_t ranks) {
  std::vector<int32_t> bounds;
  for (int64_t rank = 0; rank < ranks; ++rank)
    for (int64_t expert = 0; expert <= 2 * ranks; ++expert)
      bounds.push_back(expert == 0           ? 0
                       : expert == 2 * ranks ? static_cast<int32_t>(ownRows)
                                             : static_cast<int32_t>(5 + (rank + expert) / 3));
  return bounds;
}

void writeInputs(Executor &executor, int local, int rank) {
  const auto &buffers = executor.target().buffers;
  for (size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].name.starts_with("bounds")) {
      const std::vector<int32_t> bounds = boundsOf(buffers[i].elements() == 10 ? 2 : 4);
      executor.write(local, static_cast<int>(i), 0, std::as_bytes(std::span(bounds)));
    } else if (buffers[i].name.starts_with("in") && buffers[i].coordinate.empty()) {
      const std::vector<float> values = inputOf(rank, i, buffers[i].elements());
      executor.write(local, static_cast<int>(i), 0, std::as_bytes(std::span(values)));
    }
}

std::vector<std::byte> contents(const Executor &executor, int local, size_t buffer) {
  std::vector<std::byte> bytes(static_cast<size_t>(executor.target().buffers[buffer].bytes()));
  executor.read(local, static_cast<int>(buffer), 0, bytes);
  return bytes;
}

/// Number of buffers that are not as on the host; the process's exit code.
int runRank(const job::RankEnvironment &environment) {
  const int rank = environment.rank;
  const plan::Plan plan = ExchangePlan().plan;
  host::HostExecutor host(plan, plan.targets[0], 1);
  for (int r = 0; r < host.localRanks(); ++r)
    writeInputs(host, r, r);
  host.run(0);

  job::Job job({environment, std::chrono::seconds(20), "plan"});
  int wrong = 0;
  job::failingJob(&job, [&] {
    ExecutorOptions options;
    options.graph = true; // which counted exchanges do not allow
    options.job = &job;
    cuda::CudaExecutor cuda(plan, plan.targets[1], options, fakeDriver());
    writeInputs(cuda, 0, rank);
    const int waits = FakeGpu::current().calls["cuStreamSynchronize"];
    cuda.run(0);
    // Once for the bounds of each of the three groups, not for every exchange with them.
    if (FakeGpu::current().calls["cuStreamSynchronize"] != waits + 3) {
      std::cerr << "rank " << rank << ": waited otherwise than three times\n";
      ++wrong;
    }
    cuda.run(0);
    cuda.finishReads();
    for (size_t i = 0; i < plan.targets[0].buffers.size(); ++i)
      if (contents(cuda, 0, i) != contents(host, rank, i)) {
        std::cerr << "rank " << rank << ": " << plan.targets[0].buffers[i].name << " differs\n";
        ++wrong;
      }
    if (cuda.description().find("rank " + std::to_string(rank) + " of 4, NCCL 2.99.1, programs " +
                                "with counted exchange launch by launch") == std::string::npos) {
      std::cerr << cuda.description() << "\n";
      ++wrong;
    }
  });
  job.finish();
  return wrong;
}

TEST(CudaExchange, EveryRankHasWhatTheHostHasForIt) {
  shareFakeNccl();
  runForkedRanks(4, runRank);
}

/// Without a job a plan of several ranks is refused before anything is made.
TEST(CudaExchange, RanksWithoutProcessesAreRefused) {
  const plan::Plan plan = ExchangePlan().plan;
  try {
    createExecutor(plan, {.device = "cuda"});
    FAIL();
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(),
                 "the plan has 4 ranks; on GPUs each is a process, and there are 1: start as many "
                 "with --ranks, torchrun, srun or mpirun");
  }
}

} // namespace
