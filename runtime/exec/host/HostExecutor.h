// Runs a plan's "host" target, all ranks of the mesh in this process: an arena a rank, every step
// bound to its kernel and addresses when the executor is made, so that a run is a flat loop. Ranks
// take each step one after another with the whole pool, and a collective once all of them are
// there: nothing can wait for ever, and results do not depend on the number of threads. What a step
// computes is in HostKernels; which executor a device has is decided in
// runtime/exec/CreateExecutor.cpp.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/exec/base/Executor.h"
#include "runtime/exec/host/Arena.h"
#include "runtime/exec/host/Blas.h"
#include "runtime/exec/host/HostKernel.h"

#include <deque>
#include <functional>
#include <vector>

namespace step37::host {

class HostExecutor final : public Executor {
public:
  /// `target`, of `plan`, outlives the executor; threads as in ExecutorOptions. Throws Error naming
  /// program, step, origin and argument where a kernel does not fit its buffers.
  HostExecutor(const plan::Plan &plan, const plan::Target &target, int threads);

  int localRanks() const override { return int(arenas.size()); }
  void run(int program) override;
  void write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) override;
  void read(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) const override;
  std::string description() const override;

private:
  /// A step of all ranks: a kernel has a call a rank; a collective has one a group, with the
  /// arguments of all its ranks.
  struct BoundStep {
    const spec::KernelSpec *spec;
    std::vector<std::function<void(HostContext &)>> calls;
    std::vector<std::vector<int64_t>> groups; // ranks of each call
    int rowsOf = -1;                          // as plan::Step::rows_of
    std::vector<const int32_t *> bounds;      // of a counted exchange: of each call
    std::vector<int64_t> rows;                // of a counted exchange: by rank, in the last run
  };

  void bind(const plan::Mesh &mesh, const plan::Program &program);
  void writeCoordinates(const plan::Mesh &mesh);
  /// Whether a step has something to do on a rank: not where it works on rows and there are none.
  bool runsOn(const std::vector<BoundStep> &steps, const BoundStep &step, size_t rank) const;
  /// Notes how many rows every rank gets, where that is counted.
  void countRows(BoundStep &step) const;
  /// Tells the watch about a step that has just run.
  void watchStep(int program, size_t index, double began);
  std::byte *address(int rank, int buffer, int64_t offset, size_t bytes) const;

  std::vector<spec::KernelSpec> specs; // of the target's kernels
  std::vector<std::vector<BoundStep>> programs;
  std::deque<Arena> arenas; // by rank
  ThreadPool pool;
  Blas blas;
  HostContext context;
  Arena scratch;
};

} // namespace step37::host
