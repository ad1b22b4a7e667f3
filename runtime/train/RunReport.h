// What is said about the machine at the end of a run: memory, and what a watch has noted.
#pragma once

#include "runtime/exec/base/Executor.h"
#include "runtime/train/RunLog.h"

namespace step37 {

/// Writes the trace (of the first process) and says the profile that the options ask for, and on a
/// GPU how much memory was planned and how much the process holds. Throws Error where the trace
/// cannot be written.
void reportRun(const Executor &executor, const ExecutorOptions &options, RunLog &log);

} // namespace step37
