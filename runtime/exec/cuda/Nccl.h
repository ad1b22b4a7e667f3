// NCCL, loaded when it is needed: exchange between the GPUs of several processes, a rank each, on a
// stream. Which ranks are a group, and when they exchange, is the executor's; how the processes
// find each other is runtime/job.
#pragma once

#include "codegen/spec/MeshSpecs.h"
#include "runtime/job/Job.h"
#include "runtime/plan/Plan.h"

#include <cuda.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace step37::cuda {

/// The groups of this rank, one for each list of axes that a plan exchanges over.
class Nccl {
public:
  /// Connects to the others of every group; all ranks of the job call it alike, with their GPU's
  /// context current. `axes`: the lists, each once and in one order on all ranks. Throws Error
  /// where NCCL is not installed or fails.
  Nccl(const plan::Mesh &mesh, const std::vector<std::vector<std::string>> &axes, job::Job &job);
  ~Nccl();
  Nccl(const Nccl &) = delete;
  Nccl &operator=(const Nccl &) = delete;

  /// Enqueues an exchange. `what` names it in messages.
  void enqueue(const spec::Collective &collective, CUdeviceptr in, CUdeviceptr out, CUstream stream,
               const std::string &what) const;

  /// What goes to, or comes from, a rank of a group.
  struct Piece {
    int rank = 0; // in the group
    CUdeviceptr at = 0;
    int64_t elements = 0;
  };

  /// Enqueues all of these at once; pieces of no elements are left out. `axes`: of the group.
  void enqueue(const std::vector<std::string> &axes, DType type, const std::vector<Piece> &sent,
               const std::vector<Piece> &received, CUstream stream, const std::string &what) const;

  /// Throws Error where a group has met with an error by itself, as when a network fails.
  void check() const;

  /// "2.27.3".
  std::string version() const;

private:
  struct Functions;
  struct Group;

  void require(int result, const std::string &what) const;

  std::unique_ptr<Functions> call;
  std::map<std::vector<std::string>, std::unique_ptr<Group>> groups; // by axes
};

} // namespace step37::cuda
