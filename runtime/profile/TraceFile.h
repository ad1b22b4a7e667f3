// A run's steps as a Chrome trace: a timeline for chrome://tracing, Perfetto and the like.
#pragma once

#include "runtime/exec/base/StepWatch.h"
#include "runtime/plan/Plan.h"

#include <filesystem>

namespace step37::report {

/// Writes one event a step that was noted: its name is the path of the module that the step comes
/// from, its category the kernel's family, its thread the rank; program, step, kernel and variant
/// are arguments. Times are microseconds since the watch began. Throws Error naming the file.
void writeTrace(const plan::Target &target, const StepWatch &watch,
                const std::filesystem::path &path);

} // namespace step37::report
