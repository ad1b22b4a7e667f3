// Statuses to errors, handles to owners; see Driver.h.
#include "runtime/exec/cuda/Driver.h"

#include "runtime/base/SharedLibrary.h"
#include "runtime/exec/cuda/DriverFunctions.h"

namespace step37::cuda {
namespace {

// Names in cuda.h are macros for the versioned symbols (cuMemAlloc is cuMemAlloc_v2), hence the two
// steps of stringification.
#define STEP37_STRING(name) #name
#define STEP37_SYMBOL(name) STEP37_STRING(name)

Driver::Functions installedFunctions() {
  SharedLibrary library("the NVIDIA driver", {"libcuda.so.1"});
  Driver::Functions functions;
#define STEP37_LOAD(name)                                                                          \
  functions.name = library.function<decltype(functions.name)>(STEP37_SYMBOL(name));
  STEP37_DRIVER_FUNCTIONS(STEP37_LOAD)
#undef STEP37_LOAD
  return functions;
}

/// What to do about a status, as the end of a message; empty where that is not known.
std::string advice(CUresult status) {
  switch (status) {
  case CUDA_ERROR_DEVICE_UNAVAILABLE:
  case CUDA_ERROR_ECC_UNCORRECTABLE:
  case CUDA_ERROR_NVLINK_UNCORRECTABLE:
  case CUDA_ERROR_CONTEXT_IS_DESTROYED:
  case CUDA_ERROR_HARDWARE_STACK_ERROR:
  case CUDA_ERROR_SYSTEM_NOT_READY:
    return "; the GPU is lost to this process: start again with --resume, on another GPU if it "
           "happens again";
  case CUDA_ERROR_ILLEGAL_ADDRESS:
  case CUDA_ERROR_MISALIGNED_ADDRESS:
  case CUDA_ERROR_INVALID_ADDRESS_SPACE:
  case CUDA_ERROR_INVALID_PC:
  case CUDA_ERROR_ILLEGAL_INSTRUCTION:
  case CUDA_ERROR_LAUNCH_FAILED:
  case CUDA_ERROR_LAUNCH_TIMEOUT:
  case CUDA_ERROR_ASSERT:
    return "; a kernel failed: --check names its step";
  case CUDA_ERROR_OUT_OF_MEMORY:
    return "; another process may hold memory of the GPU";
  default:
    return {};
  }
}

} // namespace

Driver::Driver() : Driver(installedFunctions()) {}
Driver::Driver(const Functions &table) : functions(std::make_unique<Functions>(table)) {
  check(call().cuInit(0), "starting CUDA");
}
Driver::~Driver() = default;

void Driver::check(CUresult status, const std::string &what) const {
  if (status == CUDA_SUCCESS)
    return;
  const char *name = nullptr, *text = nullptr;
  call().cuGetErrorName(status, &name);
  call().cuGetErrorString(status, &text);
  throw DriverError(what + ": " + (name ? name : "CUDA error " + std::to_string(int(status))) +
                        (text ? ": " : "") + (text ? text : "") + advice(status),
                    status);
}

std::string Driver::cudaVersion() const {
  int version = 0; // 1000·major + 10·minor
  check(call().cuDriverGetVersion(&version), "version of the driver");
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

bool gpuIsVisible() {
  try {
    Driver driver;
    int count = 0;
    return driver.call().cuDeviceGetCount(&count) == CUDA_SUCCESS && count > 0;
  } catch (const Error &) {
    return false;
  }
}

Device::Device(const Driver &driver, int ordinal) : api(driver) {
  std::string what = "GPU " + std::to_string(ordinal);
  api.check(api.call().cuDeviceGet(&device, ordinal), what);
  api.check(api.call().cuDevicePrimaryCtxRetain(&context, device), what);
  api.check(api.call().cuCtxSetCurrent(context), what);
}

Device::~Device() { api.call().cuDevicePrimaryCtxRelease(device); }

std::string Device::name() const {
  char text[256] = {};
  api.check(api.call().cuDeviceGetName(text, sizeof text, device), "name of the GPU");
  return text;
}

std::string Device::arch() const {
  int major = 0, minor = 0;
  api.check(
      api.call().cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device),
      name());
  api.check(
      api.call().cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device),
      name());
  // From 9.0 on kernels use instructions that belong to one architecture only.
  return "sm_" + std::to_string(major * 10 + minor) + (major >= 9 ? "a" : "");
}

int64_t Device::freeBytes() const {
  size_t free = 0, total = 0;
  api.check(api.call().cuMemGetInfo(&free, &total), "memory of the GPU");
  return int64_t(free);
}

int64_t Device::totalBytes() const {
  size_t free = 0, total = 0;
  api.check(api.call().cuMemGetInfo(&free, &total), "memory of the GPU");
  return int64_t(total);
}

Memory::Memory(const Driver &driver, int64_t bytes, const std::string &what)
    : api(driver), size(bytes) {
  if (bytes > 0)
    api.check(api.call().cuMemAlloc(&pointer, size_t(bytes)),
              what + " (" + std::to_string(bytes) + " bytes)");
}

Memory::~Memory() {
  if (pointer)
    api.call().cuMemFree(pointer);
}

void Memory::upload(int64_t offset, std::span<const std::byte> data) {
  api.check(api.call().cuMemcpyHtoD(pointer + CUdeviceptr(offset), data.data(), data.size()),
            "copy to the GPU");
}

void Memory::download(int64_t offset, std::span<std::byte> data) const {
  api.check(api.call().cuMemcpyDtoH(data.data(), pointer + CUdeviceptr(offset), data.size()),
            "copy from the GPU");
}

void Memory::fill(unsigned char byte) {
  if (size > 0)
    api.check(api.call().cuMemsetD8(pointer, byte, size_t(size)), "fill of GPU memory");
}

Module::Module(const Driver &driver, const std::string &cubin, const std::string &name)
    : api(driver), name(name) {
  api.check(api.call().cuModuleLoadData(&module, cubin.data()), "loading kernel " + name);
}

Module::~Module() {
  if (module)
    api.call().cuModuleUnload(module);
}

CUfunction Module::function(const std::string &entry) const {
  CUfunction function = nullptr;
  api.check(api.call().cuModuleGetFunction(&function, module, entry.c_str()),
            "kernel " + name + ", entry " + entry);
  return function;
}

} // namespace step37::cuda
