// A driver made of plain functions: memory is the host's, launches and waits do what a test says.
// So what the GPU executor does with a driver, and what it says when one fails, is tested without a
// GPU.
#pragma once

#include "runtime/exec/cuda/DriverFunctions.h"

#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace step37::test {

/// What the fake driver's functions see and answer; one at a time.
struct FakeGpu {
  int major = 9, minor = 0;
  int cudaVersion = 13000;
  size_t freeBytes = size_t{1} << 30, totalBytes = size_t{2} << 30;
  std::vector<CUresult> moduleLoads;     // answers, one after another; then success
  std::vector<std::string> images;       // the first bytes of what was loaded
  std::function<CUresult()> onWait;      // answers cuStreamSynchronize
  std::function<void(void **)> onLaunch; // gets a kernel's parameters
  std::map<std::string, int> calls;      // how often functions were called that tests ask about
  float now = 0;                         // milliseconds between events so far
  int64_t streams = 0, events = 0;       // made so far: their handles
  std::vector<std::string> enqueued;     // "launch on 1", "record 3 on 1", "wait for 3 on 2"

  static FakeGpu &current() {
    static FakeGpu gpu;
    return gpu;
  }
  int count(const std::string &function) { return calls[function]++; }
  static std::string number(const void *handle) {
    return std::to_string(reinterpret_cast<intptr_t>(handle));
  }
  void note(const std::string &what, CUstream stream) {
    enqueued.push_back(what + " on " + number(stream));
  }
};

/// A driver function that does nothing.
template <class Result, class... Arguments> Result succeed(Arguments...) { return Result{}; }

/// Starts a fake driver; what FakeGpu::current() held before is forgotten.
inline std::unique_ptr<cuda::Driver> fakeDriver() {
  FakeGpu::current() = {};
  cuda::Driver::Functions f;
#define STEP37_SUCCEED(name) f.name = succeed;
  STEP37_DRIVER_FUNCTIONS(STEP37_SUCCEED)
#undef STEP37_SUCCEED
  f.cuGetErrorName = [](CUresult status, const char **name) {
    static const std::map<CUresult, const char *> names{
        {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
        {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE"},
        {CUDA_ERROR_ECC_UNCORRECTABLE, "CUDA_ERROR_ECC_UNCORRECTABLE"},
        {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"}};
    *name = names.at(status);
    return CUDA_SUCCESS;
  };
  f.cuDriverGetVersion = [](int *version) {
    *version = FakeGpu::current().cudaVersion;
    return CUDA_SUCCESS;
  };
  f.cuDeviceGetName = [](char *name, int size, CUdevice) {
    std::strncpy(name, "Fake GPU", size_t(size));
    return CUDA_SUCCESS;
  };
  f.cuDeviceGetAttribute = [](int *value, CUdevice_attribute attribute, CUdevice) {
    const bool major = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
    *value = major ? FakeGpu::current().major : FakeGpu::current().minor;
    return CUDA_SUCCESS;
  };
  f.cuMemGetInfo = [](size_t *free, size_t *total) {
    *free = FakeGpu::current().freeBytes;
    *total = FakeGpu::current().totalBytes;
    return CUDA_SUCCESS;
  };
  f.cuMemAlloc = [](CUdeviceptr *pointer, size_t bytes) {
    FakeGpu::current().count("cuMemAlloc");
    FakeGpu::current().freeBytes -= bytes;
    *pointer = reinterpret_cast<CUdeviceptr>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
    return CUDA_SUCCESS;
  };
  f.cuMemFree = [](CUdeviceptr pointer) {
    std::free(reinterpret_cast<void *>(pointer));
    return CUDA_SUCCESS;
  };
  f.cuMemAllocHost = [](void **pointer, size_t bytes) {
    *pointer = std::malloc(bytes);
    return CUDA_SUCCESS;
  };
  f.cuMemFreeHost = [](void *pointer) {
    std::free(pointer);
    return CUDA_SUCCESS;
  };
  f.cuMemsetD8 = [](CUdeviceptr pointer, unsigned char value, size_t bytes) {
    std::memset(reinterpret_cast<void *>(pointer), value, bytes);
    return CUDA_SUCCESS;
  };
  f.cuMemcpyHtoD = [](CUdeviceptr to, const void *from, size_t bytes) {
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
    return CUDA_SUCCESS;
  };
  f.cuMemcpyHtoDAsync = [](CUdeviceptr to, const void *from, size_t bytes, CUstream) {
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
    return CUDA_SUCCESS;
  };
  f.cuMemcpyDtoHAsync = [](void *to, CUdeviceptr from, size_t bytes, CUstream) {
    std::memcpy(to, reinterpret_cast<const void *>(from), bytes);
    return CUDA_SUCCESS;
  };
  f.cuMemcpyDtoDAsync = [](CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream) {
    FakeGpu::current().count("cuMemcpyDtoDAsync");
    std::memcpy(reinterpret_cast<void *>(to), reinterpret_cast<const void *>(from), bytes);
    return CUDA_SUCCESS;
  };
  f.cuModuleLoadData = [](CUmodule *module, const void *image) {
    FakeGpu &gpu = FakeGpu::current();
    gpu.images.emplace_back(static_cast<const char *>(image), 4);
    *module = reinterpret_cast<CUmodule>(8);
    return gpu.images.size() <= gpu.moduleLoads.size() ? gpu.moduleLoads[gpu.images.size() - 1]
                                                       : CUDA_SUCCESS;
  };
  f.cuStreamCreate = [](CUstream *stream, unsigned) {
    *stream = reinterpret_cast<CUstream>(++FakeGpu::current().streams);
    return CUDA_SUCCESS;
  };
  f.cuEventCreate = [](CUevent *event, unsigned) {
    *event = reinterpret_cast<CUevent>(++FakeGpu::current().events);
    return CUDA_SUCCESS;
  };
  f.cuEventRecord = [](CUevent event, CUstream stream) {
    FakeGpu::current().note("record " + FakeGpu::number(event), stream);
    return CUDA_SUCCESS;
  };
  f.cuStreamWaitEvent = [](CUstream stream, CUevent event, unsigned) {
    FakeGpu::current().note("wait for " + FakeGpu::number(event), stream);
    return CUDA_SUCCESS;
  };
  f.cuStreamSynchronize = [](CUstream) {
    FakeGpu &gpu = FakeGpu::current();
    gpu.count("cuStreamSynchronize");
    return gpu.onWait ? gpu.onWait() : CUDA_SUCCESS;
  };
  f.cuGraphInstantiate = [](CUgraphExec *graph, CUgraph, unsigned long long) {
    *graph = reinterpret_cast<CUgraphExec>(8);
    return CUDA_SUCCESS;
  };
  f.cuGraphLaunch = [](CUgraphExec, CUstream) {
    FakeGpu::current().count("cuGraphLaunch");
    return CUDA_SUCCESS;
  };
  f.cuEventSynchronize = [](CUevent) {
    FakeGpu::current().count("cuEventSynchronize");
    return CUDA_SUCCESS;
  };
  f.cuEventElapsedTime = [](float *milliseconds, CUevent, CUevent) {
    *milliseconds = FakeGpu::current().now++;
    return CUDA_SUCCESS;
  };
  f.cuLaunchKernel = [](CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                        unsigned, CUstream stream, void **parameters, void **) {
    FakeGpu &gpu = FakeGpu::current();
    gpu.note("launch", stream);
    gpu.count("cuLaunchKernel");
    if (gpu.onLaunch)
      gpu.onLaunch(parameters);
    return CUDA_SUCCESS;
  };
  return std::make_unique<cuda::Driver>(f);
}

} // namespace step37::test
