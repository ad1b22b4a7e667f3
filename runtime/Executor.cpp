// Which executor a device has.
#include "runtime/Executor.h"

#include "runtime/file/Error.h"
#include "runtime/host/HostExecutor.h"

namespace step37 {

std::unique_ptr<Executor> Executor::create(const plan::Plan &plan, const ExecutorOptions &options) {
  const plan::Target *target = plan.findTarget(options.device);
  if (!target)
    throw Error("the plan has no target \"" + options.device + "\"");
  if (options.device == "host")
    return std::make_unique<host::HostExecutor>(*target, options.threads);
  throw Error("this build cannot run the target \"" + options.device + "\"");
}

} // namespace step37
