// A plan's kernels as modules of the driver. The plan brings cubins; its CUDA text is compiled only
// where the driver does not take a cubin of the GPU's own architecture.
#pragma once

#include "runtime/exec/cuda/Driver.h"
#include "runtime/plan/Plan.h"

#include <memory>
#include <vector>

namespace step37::cuda {

/// The module of every kernel of the target; null for kernels without an image. Throws Error where
/// the kernels are for another architecture than the GPU's, naming the --arch that fits, and where
/// neither a kernel's cubin nor its text can be used here, naming the versions of CUDA that made it
/// and that the driver supports.
std::vector<std::unique_ptr<Module>> loadKernels(const plan::Plan &plan, const plan::Target &target,
                                                 const Driver &driver, const Device &device);

} // namespace step37::cuda
