// The buffers of all ranks of the mesh, whichever process they are in: writes go to those of this
// process, reads bring the bytes of all to rank 0's. All processes of a job call the same in the
// same order. What is in the buffers is Model.h's and PartIO.h's.
#pragma once

#include "runtime/exec/base/Executor.h"
#include "runtime/job/Job.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace step37 {

class RankBuffers {
public:
  /// `ranks` of the mesh, those of the executor among them. `job` is null where all are in this
  /// process; both outlive this.
  RankBuffers(Executor &executor, int64_t ranks, job::Job *job);

  int count() const { return ranks; }
  bool isHere(int rank) const {
    return rank >= executor.firstRank() && rank < executor.firstRank() + executor.localRanks();
  }

  /// Whether `collect` brings what it reads to this process, and it is the one that writes files.
  bool isRoot() const { return !job || job->isRoot(); }

  /// Returns when all processes have come here; `what` names the place in messages.
  void barrier(const std::string &what) const;

  /// Copies bytes into a buffer of a rank, if that is here.
  void write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes);

  /// Copies out of a buffer of the first rank of this process: what all ranks have alike.
  void readOwn(int buffer, int64_t offset, std::span<std::byte> bytes) const;

  /// Calls traverse(read) with read(rank, buffer, offset, to), to be called for every piece that is
  /// wanted, in the same order on all processes. In its last call on the root, and only in that,
  /// `read` has filled `to` when it returns; elsewhere `to` is left with anything.
  template <class Traverse> void collect(const std::string &what, Traverse traverse) const {
    if (!job) {
      traverse([&](int rank, int buffer, int64_t offset, std::span<std::byte> to) {
        executor.read(rank, buffer, offset, to);
      });
      return;
    }
    job::Bytes own;
    traverse([&](int rank, int buffer, int64_t offset, std::span<std::byte> to) {
      if (!isHere(rank))
        return;
      own.resize(own.size() + to.size());
      executor.read(rank - executor.firstRank(), buffer, offset, std::span(own).last(to.size()));
    });
    const std::vector<job::Bytes> all = job->gather(what, std::move(own));
    if (!job->isRoot())
      return;
    std::vector<size_t> taken(all.size(), 0); // a process has one rank of a job
    traverse([&](int rank, int, int64_t, std::span<std::byte> to) {
      const auto process = static_cast<size_t>(rank / executor.localRanks());
      const auto from = std::span(all[process]).subspan(taken[process], to.size());
      std::copy(from.begin(), from.end(), to.begin());
      taken[process] += to.size();
    });
  }

private:
  Executor &executor;
  int ranks;
  job::Job *job;
};

} // namespace step37
