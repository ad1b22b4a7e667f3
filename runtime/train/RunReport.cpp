#include "runtime/train/RunReport.h"

#include "runtime/base/Printed.h"
#include "runtime/profile/ProfileReport.h"
#include "runtime/profile/TraceFile.h"

#include <string>

namespace step37 {

void reportRun(const Executor &executor, const ExecutorOptions &options, RunLog &log) {
  if (const StepWatch *watch = executor.watch()) {
    if (options.profile)
      log.note(report::profileText(executor.target(), *watch, executor.deviceName()));
    if (!options.trace.empty() && executor.firstRank() == 0) {
      report::writeTrace(executor.target(), *watch, options.trace);
      log.note(options.trace.string() + ": " + std::to_string(watch->steps().size()) +
               (watch->sawMoreSteps() ? " steps, the first of the run" : " steps"));
    }
  }
  if (std::optional<DeviceMemory> memory = executor.memory()) {
    const auto planned = static_cast<double>(memory->planned);
    const auto held = static_cast<double>(memory->held);
    log.note(printed("memory: planned %lld bytes, held %lld (%+.2f %%)",
                     static_cast<long long>(memory->planned), static_cast<long long>(memory->held),
                     100 * (held - planned) / planned));
  }
}

} // namespace step37
