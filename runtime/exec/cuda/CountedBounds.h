// What counted exchanges need to know on the host: the bounds that say how many rows go where. The
// GPU works them out; they are copied once in a run of a program, which the host waits for.
#pragma once

#include "runtime/exec/cuda/Driver.h"
#include "runtime/job/Job.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace step37::cuda {

class CountedBounds {
public:
  /// `most`: elements of the longest bounds. All arguments outlive this.
  CountedBounds(const Driver &driver, int64_t most, job::Job &job);
  ~CountedBounds();
  CountedBounds(const CountedBounds &) = delete;
  CountedBounds &operator=(const CountedBounds &) = delete;

  /// A program begins: what buffers held before is forgotten.
  void forget() { known.clear(); }

  /// The `count` bounds in a buffer of the plan, which lies at `at`. Waits for the stream where
  /// they are not known yet. `what` names the exchange in messages.
  std::span<const int32_t> of(int buffer, CUdeviceptr at, int64_t count, CUstream stream,
                              const std::string &what);

private:
  const Driver &driver;
  job::Job &job;
  int32_t *pinned = nullptr;
  std::map<int, std::vector<int32_t>> known; // by buffer
};

} // namespace step37::cuda
