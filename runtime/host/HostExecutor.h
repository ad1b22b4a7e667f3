// Runs a plan's "host" target: one arena, every step bound to its kernel and addresses when the
// executor is made, so that a run is a flat loop. What a step computes is in HostKernels; which
// executor a device has is decided in runtime/Executor.cpp.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/Executor.h"
#include "runtime/host/Arena.h"
#include "runtime/host/Blas.h"
#include "runtime/host/HostKernel.h"

#include <vector>

namespace step37::host {

class HostExecutor final : public Executor {
public:
  /// `target` outlives the executor; threads as in ExecutorOptions. Throws Error naming program,
  /// step, origin and argument where a kernel does not fit its buffers.
  HostExecutor(const plan::Target &target, int threads);

  int localRanks() const override { return 1; }
  void run(int program) override;
  void write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) override;
  void read(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) const override;
  std::string description() const override;

private:
  struct BoundStep {
    const spec::KernelSpec *spec;
    std::vector<std::byte *> arguments;
  };

  void bind(const plan::Program &program);
  /// Tells the watch about a step that has just run.
  void watchStep(int program, size_t index, double began);
  std::byte *address(int rank, int buffer, int64_t offset, size_t bytes) const;

  std::vector<spec::KernelSpec> specs; // of the target's kernels
  std::vector<std::vector<BoundStep>> programs;
  Arena arena;
  ThreadPool pool;
  Blas blas;
  HostContext context;
  Arena scratch;
};

} // namespace step37::host
