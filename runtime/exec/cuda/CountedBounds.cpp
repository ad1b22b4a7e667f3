#include "runtime/exec/cuda/CountedBounds.h"

#include "runtime/exec/cuda/DriverFunctions.h"

namespace step37::cuda {

CountedBounds::CountedBounds(const Driver &driver, int64_t most, job::Job &job)
    : driver(driver), job(job) {
  void *memory = nullptr;
  driver.check(driver.call().cuMemAllocHost(&memory, static_cast<size_t>(most) * sizeof(int32_t)),
               "pinned memory for the bounds of counted exchanges");
  pinned = static_cast<int32_t *>(memory);
}

CountedBounds::~CountedBounds() { driver.call().cuMemFreeHost(pinned); }

std::span<const int32_t> CountedBounds::of(int buffer, CUdeviceptr at, int64_t count,
                                           CUstream stream, const std::string &what) {
  std::vector<int32_t> &bounds = known[buffer];
  if (bounds.empty()) {
    const auto bytes = static_cast<size_t>(count) * sizeof(int32_t);
    driver.check(driver.call().cuMemcpyDtoHAsync(pinned, at, bytes, stream), what);
    {
      const job::Job::Wait wait(job, "the GPU, " + what);
      driver.check(driver.call().cuStreamSynchronize(stream), what);
    }
    bounds.assign(pinned, pinned + count);
  }
  return bounds;
}

} // namespace step37::cuda
