// What a GPU executor has to do with the other ranks of its job: the collective steps of a plan,
// enqueued on its stream, and what a hang among them says. With a plan of one rank there is none.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/cuda/ExchangeProgress.h"
#include "runtime/cuda/Nccl.h"
#include "runtime/job/Job.h"
#include "runtime/plan/Plan.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace step37::cuda {

class Exchanges {
public:
  /// Connects to the other ranks for every collective step of the target. `specs`: by kernel. All
  /// outlive this.
  Exchanges(const Driver &driver, const plan::Mesh &mesh, const plan::Target &target,
            const std::vector<spec::KernelSpec> &specs, job::Job &job);
  ~Exchanges();
  Exchanges(const Exchanges &) = delete;
  Exchanges &operator=(const Exchanges &) = delete;

  /// Enqueues a collective step with these buffers.
  void enqueue(const plan::Step &step, const std::vector<CUdeviceptr> &buffers,
               CUstream stream) const;

  /// Throws Error where NCCL has met with an error.
  void check() const { nccl.check(); }

  /// "NCCL 2.27.3".
  std::string description() const { return "NCCL " + nccl.version(); }

private:
  struct Bound {
    const spec::Collective *collective;
    int number; // in the progress
  };

  job::Job &job;
  Nccl nccl;
  std::unique_ptr<ExchangeProgress> progress;
  std::map<const plan::Step *, Bound> steps;
};

} // namespace step37::cuda
