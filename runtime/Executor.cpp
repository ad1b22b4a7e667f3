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
  if (device == "host")
    return std::make_unique<host::HostExecutor>(plan, *target, options.threads);
#ifdef STEP37_HAS_CUDA
  if (device == "cuda")
    return std::make_unique<cuda::CudaExecutor>(plan, *target, options);
#endif
  throw Error("this build cannot run the target \"" + device + "\"");
}

} // namespace step37
