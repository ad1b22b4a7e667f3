// See RankBuffers.h.
#include "runtime/exec/RankBuffers.h"

#include "runtime/base/Error.h"

#include <algorithm>
#include <vector>

namespace step37 {

RankBuffers::RankBuffers(Executor &executor, int64_t ranks, job::Job *job)
    : executor(executor), ranks(static_cast<int>(ranks)), job(job) {
  const int processes = job ? job->world() : 1;
  if (executor.localRanks() * processes != ranks)
    throw Error("the plan is for " + std::to_string(ranks) + " ranks, and there are " +
                std::to_string(executor.localRanks() * processes));
}

void RankBuffers::barrier(const std::string &what) const {
  if (job)
    job->barrier(what);
}

void RankBuffers::write(int rank, int buffer, int64_t offset, std::span<const std::byte> bytes) {
  if (isHere(rank))
    executor.write(rank - executor.firstRank(), buffer, offset, bytes);
}

void RankBuffers::readOwn(int buffer, int64_t offset, std::span<std::byte> bytes) const {
  executor.read(0, buffer, offset, bytes);
}

void RankBuffers::collect(const std::string &what,
                          const std::function<void(const Read &)> &traverse) const {
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

} // namespace step37
