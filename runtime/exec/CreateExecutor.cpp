// See CreateExecutor.h: which executor a device has.
#include "runtime/exec/CreateExecutor.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/base/Error.h"
#include "runtime/exec/host/HostExecutor.h"
#include "runtime/job/Job.h"
#include "runtime/plan/Mesh.h"
#ifdef STEP37_HAS_CUDA
#include "runtime/exec/cuda/CudaExecutor.h"
#endif

namespace step37 {

namespace {

std::string deviceFor(const plan::Plan &plan, const ExecutorOptions &options) {
  if (!options.device.empty())
    return options.device;
#ifdef STEP37_HAS_CUDA
  if (plan.findTarget("cuda") && cuda::gpuIsVisible())
    return "cuda";
#endif
  return "host";
}

/// How many processes a device needs for the plan's ranks.
void requireProcesses(const plan::Plan &plan, const std::string &device, const job::Job *job) {
  const int64_t ranks = plan::rankCount(plan.mesh), processes = job ? job->world() : 1;
  const int64_t needed = device == "host" ? 1 : ranks;
  if (processes == needed)
    return;
  const std::string has = "the plan has " + std::to_string(ranks) + " ranks; ";
  if (device == "host")
    throw Error(has + "on the host one process runs all of them, not " + std::to_string(processes));
  throw Error(has + "on GPUs each is a process, and there are " + std::to_string(processes) +
              ": start as many with --ranks, torchrun, srun or mpirun");
}

} // namespace

std::unique_ptr<Executor> createExecutor(const plan::Plan &plan, const ExecutorOptions &options) {
  const std::string device = deviceFor(plan, options);
  const plan::Target *target = plan.findTarget(device);
  if (!target)
    throw Error("the plan has no target \"" + device + "\"");
  requireProcesses(plan, device, options.job);
  if (!options.trace.empty() && (!options.job || options.job->rank() == 0))
    AtomicFile{options.trace}; // now rather than after hours
  std::unique_ptr<Executor> executor;
  if (device == "host")
    executor = std::make_unique<host::HostExecutor>(plan, *target, options.threads);
#ifdef STEP37_HAS_CUDA
  if (device == "cuda")
    executor = std::make_unique<cuda::CudaExecutor>(plan, *target, options);
#endif
  if (!executor)
    throw Error("this build cannot run the target \"" + device + "\"");
  if (options.watches())
    executor->watchSteps(options.check);
  return executor;
}

} // namespace step37
