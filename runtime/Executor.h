// Runs the programs of a plan on one kind of device, for all ranks that live in this process. Owns
// the arena; allocates nothing while a program runs. Who writes inputs and reads outputs is
// runtime/train; what a step computes is in its kernel.
#pragma once

#include "runtime/plan/Plan.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace step37 {

struct ExecutorOptions {
  std::string device; // name of the plan's target; empty: cuda where a GPU is visible, else host
  int threads = 0;    // host: worker threads, 0 = one a core; results do not depend on it
  int ordinal = 0;    // cuda: which GPU of this machine
  bool graph = true;  // cuda: replay whole programs as CUDA graphs
  bool check = false; // cuda: wait after every step and name the first one that fails
};

class Executor {
public:
  virtual ~Executor() = default;

  /// Checks every kernel's spec against its steps' buffers, allocates the arena (zeroed) and
  /// prepares the kernels. Throws Error where the plan has no such target or a spec does not fit.
  static std::unique_ptr<Executor> create(const plan::Plan &plan, const ExecutorOptions &options);

  const plan::Target &target() const { return *planTarget; }

  /// Ranks in this process; buffers exist once for each of them.
  virtual int localRanks() const = 0;

  /// Runs all steps of a program on all local ranks and returns when they are done.
  virtual void run(int program) = 0;

  /// Copies bytes into or out of a buffer, from a byte offset in it on.
  virtual void write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) = 0;
  virtual void read(int rank, int buffer, int64_t offset, std::span<std::byte> bytes) const = 0;

  /// What runs the kernels, for the log: "host, 2 threads, OpenBLAS SkylakeX".
  virtual std::string description() const = 0;

protected:
  explicit Executor(const plan::Target &target) : planTarget(&target) {}

private:
  const plan::Target *planTarget; // the plan outlives the executor
};

} // namespace step37
