// The executor of a plan on the device that was asked for, or that is there. What executors do is
// runtime/exec/base/Executor.h.
#pragma once

#include "runtime/exec/base/Executor.h"

#include <memory>

namespace step37 {

/// Checks every kernel's spec against its steps' buffers, allocates the arena (zeroed) and prepares
/// the kernels. The plan outlives the executor. Throws Error where the plan has no such target, a
/// spec does not fit, or the trace could not be written.
std::unique_ptr<Executor> createExecutor(const plan::Plan &plan, const ExecutorOptions &options);

} // namespace step37
