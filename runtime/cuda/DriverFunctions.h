// The table of driver functions that the runtime calls. Names in cuda.h are macros for the
// versioned symbols (cuMemAlloc is cuMemAlloc_v2), hence the two steps of stringification.
#pragma once

#include "runtime/cuda/Driver.h"
#include "runtime/file/SharedLibrary.h"

namespace step37::cuda {

#define STEP37_DRIVER_FUNCTIONS(X)                                                                 \
  X(cuInit)                                                                                        \
  X(cuDriverGetVersion)                                                                            \
  X(cuGetErrorName)                                                                                \
  X(cuGetErrorString)                                                                              \
  X(cuDeviceGetCount)                                                                              \
  X(cuDeviceGet)                                                                                   \
  X(cuDeviceGetName)                                                                               \
  X(cuDeviceGetAttribute)                                                                          \
  X(cuDevicePrimaryCtxRetain)                                                                      \
  X(cuDevicePrimaryCtxRelease)                                                                     \
  X(cuCtxSetCurrent)                                                                               \
  X(cuCtxSynchronize)                                                                              \
  X(cuMemGetInfo)                                                                                  \
  X(cuMemAlloc)                                                                                    \
  X(cuMemFree)                                                                                     \
  X(cuMemAllocHost)                                                                                \
  X(cuMemFreeHost)                                                                                 \
  X(cuMemcpyHtoDAsync)                                                                             \
  X(cuMemcpyDtoHAsync)                                                                             \
  X(cuMemcpyHtoD)                                                                                  \
  X(cuMemcpyDtoH)                                                                                  \
  X(cuMemsetD8)                                                                                    \
  X(cuModuleLoadData)                                                                              \
  X(cuModuleUnload)                                                                                \
  X(cuModuleGetFunction)                                                                           \
  X(cuFuncSetAttribute)                                                                            \
  X(cuLaunchKernel)                                                                                \
  X(cuStreamCreate)                                                                                \
  X(cuStreamDestroy)                                                                               \
  X(cuStreamSynchronize)                                                                           \
  X(cuStreamBeginCapture)                                                                          \
  X(cuStreamEndCapture)                                                                            \
  X(cuStreamWaitEvent)                                                                             \
  X(cuGraphInstantiate)                                                                            \
  X(cuGraphLaunch)                                                                                 \
  X(cuGraphUpload)                                                                                 \
  X(cuGraphExecDestroy)                                                                            \
  X(cuGraphDestroy)                                                                                \
  X(cuEventCreate)                                                                                 \
  X(cuEventDestroy)                                                                                \
  X(cuEventRecord)                                                                                 \
  X(cuEventSynchronize)                                                                            \
  X(cuEventElapsedTime)

#define STEP37_STRING(name) #name
#define STEP37_SYMBOL(name) STEP37_STRING(name)

struct Driver::Functions {
  SharedLibrary library{"the NVIDIA driver", {"libcuda.so.1"}};
#define STEP37_MEMBER(name)                                                                        \
  decltype(&::name) name = library.function<decltype(&::name)>(STEP37_SYMBOL(name));
  STEP37_DRIVER_FUNCTIONS(STEP37_MEMBER)
#undef STEP37_MEMBER
};

} // namespace step37::cuda
