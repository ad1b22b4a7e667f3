// The CUDA driver, loaded at run time, with its objects as owning C++ types. Every status is
// checked and named with what was being done. What is launched, and when, is CudaExecutor.
#pragma once

#include "runtime/base/Error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <cuda.h>

namespace step37::cuda {

/// A status of the driver that is no success.
class DriverError : public Error {
public:
  DriverError(const std::string &text, CUresult status) : Error(text), status(status) {}
  CUresult status;
};

/// The driver's functions. One instance a process is enough.
class Driver {
public:
  struct Functions;

  /// Loads the installed driver and starts it. Throws Error where there is none.
  Driver();
  /// Starts a driver that consists of these functions: another one than the installed.
  explicit Driver(const Functions &functions);
  ~Driver();

  const Functions &call() const { return *functions; }

  /// Throws DriverError "<what>: <CUDA's name and text of the status>" unless it is success, and
  /// says what can be done where that is known.
  void check(CUresult status, const std::string &what) const;

  /// The newest CUDA that the driver supports, "13.0".
  std::string cudaVersion() const;

private:
  std::unique_ptr<Functions> functions;
};

/// Whether this machine has a driver and at least one GPU; never throws.
bool gpuIsVisible();

/// A GPU's primary context, made current in the constructing thread.
class Device {
public:
  Device(const Driver &driver, int ordinal);
  ~Device();
  Device(const Device &) = delete;

  std::string name() const;
  std::string arch() const; // "sm_90a" for compute capability 9.0
  int64_t freeBytes() const;
  int64_t totalBytes() const;
  const Driver &driver() const { return api; }

private:
  const Driver &api;
  CUdevice device = 0;
  CUcontext context = nullptr;
};

/// Device memory.
class Memory {
public:
  Memory(const Driver &driver, int64_t bytes, const std::string &what);
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  CUdeviceptr address() const { return pointer; }
  int64_t bytes() const { return size; }
  void upload(int64_t offset, std::span<const std::byte> data);
  void download(int64_t offset, std::span<std::byte> data) const;
  void fill(unsigned char byte);

private:
  const Driver &api;
  CUdeviceptr pointer = 0;
  int64_t size = 0;
};

/// A loaded cubin.
class Module {
public:
  Module(const Driver &driver, const std::string &cubin, const std::string &name);
  ~Module();
  Module(const Module &) = delete;

  CUfunction function(const std::string &entry) const;

private:
  const Driver &api;
  std::string name;
  CUmodule module = nullptr;
};

} // namespace step37::cuda
