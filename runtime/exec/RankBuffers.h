// The buffers of all ranks of the mesh, whichever process they are in: writes go to those of this
// process, reads bring the bytes of all to rank 0's. All processes of a job call the same in the
// same order. What is in the buffers is Model.h's and the mover's (bridge/PartMover.h).
#pragma once

#include "bridge/RankStore.h"
#include "runtime/exec/base/Executor.h"
#include "runtime/job/Job.h"

#include <span>
#include <string>

namespace step37 {

class RankBuffers final : public RankStore {
public:
  /// `ranks` of the mesh, those of the executor among them. `job` is null where all are in this
  /// process; both outlive this.
  RankBuffers(Executor &executor, int64_t ranks, job::Job *job);

  int count() const { return ranks; }
  bool isHere(int rank) const override {
    return rank >= executor.firstRank() && rank < executor.firstRank() + executor.localRanks();
  }

  bool isRoot() const override { return !job || job->isRoot(); }

  /// Returns when all processes have come here; `what` names the place in messages.
  void barrier(const std::string &what) const;

  void write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) override;

  /// Copies out of a buffer of the first rank of this process: what all ranks have alike.
  void readOwn(int buffer, int64_t offset, std::span<std::byte> bytes) const;

  void collect(const std::string &what,
               const std::function<void(const Read &)> &traverse) const override;

private:
  Executor &executor;
  int ranks;
  job::Job *job;
};

} // namespace step37
