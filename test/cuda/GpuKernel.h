// One variant of a kernel spec on the GPU, for tests: its stub compiled with NVRTC, loaded,
// launched and timed. Which arguments it gets and what is right is GpuHarness.h.
#pragma once

#include "codegen/nvrtc/Nvrtc.h"
#include "codegen/spec/cuda/Variant.h"
#include "runtime/exec/cuda/Driver.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace step37::test {

/// The first GPU and the compiler for it. Throws Error where either is missing: a GPU test that
/// cannot run fails.
class Gpu {
public:
  static Gpu &instance();

  cuda::Driver driver;
  cuda::Device device{driver, 0};
  Nvrtc nvrtc;
};

class GpuKernel {
public:
  /// Compiles a kernel, whose variant must take the spec. Threads may compile at the same time.
  static CompiledCuda compile(const Gpu &gpu, const spec::KernelSpec &spec,
                              const spec::CudaKernel &kernel);

  /// Loads what was compiled.
  GpuKernel(Gpu &gpu, const spec::KernelSpec &spec, const spec::CudaKernel &kernel,
            const CompiledCuda &compiled);
  GpuKernel(Gpu &gpu, const spec::KernelSpec &spec, const spec::CudaKernel &kernel)
      : GpuKernel(gpu, spec, kernel, compile(gpu, spec, kernel)) {}

  /// Runs all stages and waits; `arguments` in the order of the spec's.
  void run(std::span<const CUdeviceptr> arguments) const;

  /// What ptxas says of each stage.
  const std::vector<EntryReport> &entries() const { return reports; }

  /// Mean time of 20 runs one after another, in seconds.
  double seconds(std::span<const CUdeviceptr> arguments) const;

  /// The same of each stage on its own.
  std::vector<double> stageSeconds(std::span<const CUdeviceptr> arguments) const;

private:
  void enqueue(std::span<const CUdeviceptr> arguments, size_t firstStage, size_t endStage) const;
  double seconds(std::span<const CUdeviceptr> arguments, size_t firstStage, size_t endStage) const;

  Gpu &gpu;
  std::vector<spec::Stage> stages;
  std::vector<EntryReport> reports; // one a stage
  std::unique_ptr<cuda::Module> module;
  std::vector<CUfunction> functions; // one a stage
};

} // namespace step37::test
