// Uploads take turns on two halves; see PinnedCopies.h.
#include "runtime/exec/cuda/PinnedCopies.h"

#include "runtime/exec/cuda/DriverFunctions.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace step37::cuda {

PinnedCopies::PinnedCopies(const Driver &driver, CUstream stream) : driver(driver), stream(stream) {
  const std::string what = "pinned memory for copies";
  void *allocated = nullptr;
  driver.check(driver.call().cuMemAllocHost(&allocated, 2 * mostUpload + mostDownload), what);
  memory = static_cast<std::byte *>(allocated);
  for (size_t i = 0; i < halves.size(); ++i) {
    halves[i].memory = memory + i * mostUpload;
    driver.check(driver.call().cuEventCreate(&halves[i].done, CU_EVENT_DISABLE_TIMING), what);
  }
  slots = memory + 2 * mostUpload;
}

PinnedCopies::~PinnedCopies() {
  for (const Half &half : halves)
    if (half.done)
      driver.call().cuEventDestroy(half.done);
  driver.call().cuMemFreeHost(memory);
}

void PinnedCopies::upload(CUdeviceptr to, std::span<const std::byte> bytes) {
  const std::string what = "copy to the GPU";
  assert(bytes.size() <= mostUpload);
  if (used + bytes.size() > mostUpload) {
    driver.check(driver.call().cuEventRecord(halves[current].done, stream), what);
    halves[current].left = true;
    current = 1 - current;
    used = 0;
    if (halves[current].left)
      driver.check(driver.call().cuEventSynchronize(halves[current].done), what);
  }
  std::byte *from = halves[current].memory + used;
  std::copy(bytes.begin(), bytes.end(), from);
  used += bytes.size();
  driver.check(driver.call().cuMemcpyHtoDAsync(to, from, bytes.size(), stream), what);
}

void PinnedCopies::download(CUdeviceptr from, std::span<std::byte> bytes) {
  assert(bytes.size() <= mostDownload);
  if (slotBytes + bytes.size() > mostDownload)
    finish();
  std::byte *to = slots + slotBytes;
  slotBytes += bytes.size();
  driver.check(driver.call().cuMemcpyDtoHAsync(to, from, bytes.size(), stream),
               "copy from the GPU");
  downloads.push_back({to, bytes});
}

void PinnedCopies::finish() {
  driver.check(driver.call().cuStreamSynchronize(stream), "waiting for results");
  for (const Download &download : downloads)
    std::memcpy(download.to.data(), download.from, download.to.size());
  downloads.clear();
  slotBytes = 0;
}

} // namespace step37::cuda
