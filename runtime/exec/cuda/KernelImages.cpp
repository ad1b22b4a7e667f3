// See KernelImages.h.
#include "runtime/exec/cuda/KernelImages.h"

#include "codegen/nvrtc/Nvrtc.h"

#include <cassert>
#include <map>
#include <string>

namespace step37::cuda {
namespace {

const std::string &blobBytes(const plan::Plan &plan, const std::string &name) {
  const plan::Blob *blob = plan.findBlob(name);
  assert(blob && "the loader has checked that images are there");
  return blob->bytes;
}

/// The headers that kernels' texts include, as the plan carries them.
std::map<std::string, std::string> headersOf(const plan::Plan &plan) {
  constexpr std::string_view folder = "cuda/";
  std::map<std::string, std::string> headers;
  for (const plan::Blob &blob : plan.blobs)
    if (blob.name.starts_with(folder) && blob.name.ends_with(".cuh"))
      headers[blob.name.substr(folder.size())] = blob.bytes;
  return headers;
}

/// Statuses that say that a driver does not take an image, rather than that something else failed.
bool refusesImage(CUresult status) {
  return status == CUDA_ERROR_INVALID_IMAGE || status == CUDA_ERROR_NO_BINARY_FOR_GPU ||
         status == CUDA_ERROR_UNSUPPORTED_PTX_VERSION || status == CUDA_ERROR_INVALID_SOURCE ||
         status == CUDA_ERROR_JIT_COMPILER_NOT_FOUND;
}

std::unique_ptr<Module> compileText(const plan::Plan &plan, const plan::Kernel &kernel,
                                    const Driver &driver, const Device &device) {
  if (kernel.source.empty())
    throw Error("the plan does not carry its text");
  CompiledCuda compiled =
      Nvrtc().compile(kernel.name, blobBytes(plan, kernel.source), headersOf(plan), device.arch());
  return std::make_unique<Module>(driver, compiled.cubin, kernel.name);
}

std::unique_ptr<Module> loadKernel(const plan::Plan &plan, const plan::Target &target,
                                   const plan::Kernel &kernel, const Driver &driver,
                                   const Device &device) {
  try {
    return std::make_unique<Module>(driver, blobBytes(plan, kernel.image), kernel.name);
  } catch (const DriverError &error) {
    if (!refusesImage(error.status))
      throw;
    try {
      return compileText(plan, kernel, driver, device);
    } catch (const Error &compiling) {
      throw Error(std::string(error.what()) + "; the plan's kernels were compiled with CUDA " +
                  target.compiler + ", the driver supports CUDA " + driver.cudaVersion() +
                  ", and compiling anew failed: " + compiling.what() +
                  ": update the driver, or compile the plan with the CUDA of this machine");
    }
  }
}

} // namespace

std::vector<std::unique_ptr<Module>> loadKernels(const plan::Plan &plan, const plan::Target &target,
                                                 const Driver &driver, const Device &device) {
  if (target.arch != device.arch())
    throw Error("the plan's kernels are for " + target.arch + ", but the GPU (" + device.name() +
                ") is " + device.arch() + ": compile with --arch " + device.arch());
  std::vector<std::unique_ptr<Module>> modules;
  for (const plan::Kernel &kernel : target.kernels)
    modules.push_back(kernel.image.empty() ? nullptr
                                           : loadKernel(plan, target, kernel, driver, device));
  return modules;
}

} // namespace step37::cuda
