// Runs the programs of a plan on one kind of device, for all ranks that live in this process (on
// the host all of the mesh, on GPUs one). Owns the arena; allocates nothing while a program runs.
// Who writes inputs and reads outputs is runtime/train; what a step computes is in its kernel.
#pragma once

#include "runtime/base/Error.h"
#include "runtime/exec/base/ProductTable.h"
#include "runtime/exec/base/StepWatch.h"
#include "runtime/plan/Plan.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace step37 {

namespace job {
class Job;
}

struct ExecutorOptions {
  std::string device;   // name of the plan's target; empty: cuda where a GPU is visible, else host
  int threads = 0;      // host: worker threads, 0 = one a core; results do not depend on it
  int ordinal = 0;      // cuda: which GPU of this machine
  bool graph = true;    // cuda: replay whole programs as CUDA graphs
  bool check = false;   // look at the results of every step and name the first that fails
  bool profile = false; // time every step, for a table at the end
  std::filesystem::path trace =
      {}; // time every step, for this file, which must be writable; empty: none
  const ProductTable *tunedProducts =
      nullptr;             // cuda: algorithms of products; outlives the executor
  job::Job *job = nullptr; // the other processes of a mesh, a rank each; outlives the executor

  /// Whether programs run step by step, watched.
  bool watches() const { return check || profile || !trace.empty(); }
};

/// Bytes of device memory: what the plan says, and what this process holds beyond what starting the
/// device takes.
struct DeviceMemory {
  int64_t planned = 0, held = 0;
};

class Executor {
public:
  virtual ~Executor() = default;

  const plan::Target &target() const { return *planTarget; }

  /// Ranks in this process; buffers exist once for each of them.
  virtual int localRanks() const = 0;

  /// The rank of the mesh that local rank 0 is; the others follow.
  virtual int firstRank() const { return 0; }

  /// Runs all steps of a program on all local ranks and returns when they are done.
  virtual void run(int program) = 0;

  /// Copies bytes into or out of a buffer, from a byte offset in it on.
  virtual void write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) = 0;
  virtual void read(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) const = 0;

  /// Begins to read a few bytes as they are behind all that was run before, without waiting for it.
  /// `bytes` is filled, and must stay where it is, until finishReads returns.
  virtual void startRead(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) {
    read(rank, buffer, offset, bytes);
  }
  virtual void finishReads() {}

  /// What runs the kernels, for the log: "host, 2 threads, OpenBLAS SkylakeX".
  virtual std::string description() const = 0;

  /// The device's own name, e.g. "NVIDIA H200"; empty on the host.
  virtual std::string deviceName() const { return {}; }

  /// Nothing on the host, where memory comes page by page.
  virtual std::optional<DeviceMemory> memory() const { return std::nullopt; }

  /// Measures the algorithms of all dense products; what buffers held is lost. `say` gets a line
  /// for each. Throws Error on a device whose products leave no choice.
  virtual ProductTable tuneProducts(const std::function<void(const std::string &)> &) {
    throw Error("the target " + planTarget->name +
                " has nothing to tune: only cuda has products with a choice of algorithms");
  }

  /// Programs run step by step from now on; every step is timed, and with `check` its results are
  /// looked at: `run` throws Error naming the first step that fails.
  void watchSteps(bool check) { stepWatch = std::make_unique<StepWatch>(*planTarget, check); }

  /// What was noted of steps; null where they are not watched.
  const StepWatch *watch() const { return stepWatch.get(); }

protected:
  explicit Executor(const plan::Target &target) : planTarget(&target) {}

  std::unique_ptr<StepWatch> stepWatch;

private:
  const plan::Target *planTarget; // the plan outlives the executor
};

} // namespace step37
