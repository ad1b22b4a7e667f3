// Puts compiled CUDA into a plan: for every kernel of ours its text and its cubin, with what ptxas
// says of it. Needs NVRTC, but no GPU and no driver.
#pragma once

#include "runtime/plan/Plan.h"

#include <string>

namespace step37 {

/// A kernel's text as it is compiled and dumped.
struct KernelDump {
  std::string name, source, report;
};

/// Compiles every kernel of `target` that is not a library's for `arch`; adds blobs to `plan` (one
/// for each cubin and each text, one for each header) and fills in the kernels' stages. Throws
/// Error with NVRTC's log where a kernel does not compile. Returns what `--dump-dir` shows.
std::vector<KernelDump> embedKernels(plan::Plan &plan, plan::Target &target,
                                     const std::string &arch);

} // namespace step37
