// See RankBuffers.h.
#include "runtime/exec/RankBuffers.h"

#include "runtime/base/Error.h"

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

} // namespace step37
