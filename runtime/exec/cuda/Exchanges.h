// What a GPU executor has to do with the other ranks of its job: the collective steps of a plan,
// enqueued on its stream, and what a hang among them says. With a plan of one rank there is none.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/exec/cuda/CountedBounds.h"
#include "runtime/exec/cuda/ExchangeProgress.h"
#include "runtime/exec/cuda/Nccl.h"
#include "runtime/job/Job.h"
#include "runtime/plan/Plan.h"

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace step37::cuda {

class Exchanges {
public:
  /// Connects to the other ranks for every collective step of the target, whose buffers are in the
  /// arena at this address. `specs`: by kernel. All outlive this.
  Exchanges(const Driver &driver, const plan::Mesh &mesh, const plan::Target &target,
            CUdeviceptr arena, const std::vector<spec::KernelSpec> &specs, job::Job &job);
  ~Exchanges();
  Exchanges(const Exchanges &) = delete;
  Exchanges &operator=(const Exchanges &) = delete;

  /// Whether a program can be captured as a graph: not where it has counted exchanges, which wait
  /// on the host.
  bool allowsGraph(const plan::Program &program) const;

  /// Called before the first step of every run of a program.
  void beginProgram();

  /// How many rows a counted exchange has brought to this rank in this run of its program.
  int64_t rowsOf(const plan::Step &step) const { return rows.at(&step); }

  /// Enqueues a collective step. A counted one waits for what says how much is exchanged, if it is
  /// the first with these bounds.
  void enqueue(const plan::Step &step, CUstream stream);

  /// Throws Error where NCCL has met with an error.
  void check() const { nccl.check(); }

  /// "NCCL 2.27.3".
  std::string description() const { return "NCCL " + nccl.version(); }

private:
  struct WholeExchange {
    const spec::Collective *spec;
    spec::Operands<spec::Collective, CUdeviceptr> at;
  };
  struct CountedExchange {
    const spec::CountedExchange *spec;
    spec::Operands<spec::CountedExchange, CUdeviceptr> at;
    int boundsBuffer; // of the plan
  };
  struct Bound {
    std::variant<WholeExchange, CountedExchange> exchange;
    int number; // in the progress
  };

  void enqueueCounted(const plan::Step &step, const CountedExchange &exchange, int number,
                      CUstream stream);

  const Driver &driver;
  const plan::Mesh &mesh;
  job::Job &job;
  Nccl nccl;
  std::unique_ptr<CountedBounds> bounds; // null where no exchange is counted
  std::unique_ptr<ExchangeProgress> progress;
  std::map<const plan::Step *, Bound> steps;
  std::map<const plan::Step *, int64_t> rows; // that counted ones have brought
};

} // namespace step37::cuda
