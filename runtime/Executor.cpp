// Which executor a device has.
#include "runtime/Executor.h"

#include "runtime/file/Error.h"
#include "runtime/host/HostExecutor.h"
#ifdef STEP37_HAS_CUDA
#include "runtime/cuda/CudaExecutor.h"
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

} // namespace

std::unique_ptr<Executor> Executor::create(const plan::Plan &plan, const ExecutorOptions &options) {
  const std::string device = deviceFor(plan, options);
  const plan::Target *target = plan.findTarget(device);
  if (!target)
    throw Error("the plan has no target \"" + device + "\"");
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
