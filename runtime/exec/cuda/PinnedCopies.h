// Small copies between host and GPU that make nobody wait: they go through pinned memory that is
// there from the start. What is copied when is CudaExecutor's.
#pragma once

#include "runtime/exec/cuda/Driver.h"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace step37::cuda {

class PinnedCopies {
public:
  /// All copies are enqueued on `stream`, which outlives this.
  PinnedCopies(const Driver &driver, CUstream stream);
  ~PinnedCopies();
  PinnedCopies(const PinnedCopies &) = delete;
  PinnedCopies &operator=(const PinnedCopies &) = delete;

  /// Largest copy in each direction.
  static constexpr size_t mostUpload = 1 << 20, mostDownload = 1 << 16;

  /// Enqueues a copy to the GPU; `bytes` may change afterwards. Waits only for uploads that lie
  /// `mostUpload` bytes or more back.
  void upload(CUdeviceptr to, std::span<const std::byte> bytes);

  /// Enqueues a copy from the GPU, which `finish` puts into `bytes`.
  void download(CUdeviceptr from, std::span<std::byte> bytes);

  /// Waits for the stream and delivers all downloads.
  void finish();

private:
  /// A part of the pinned memory whose copies are waited for as one before it is used again.
  struct Half {
    std::byte *memory = nullptr;
    CUevent done = nullptr; // recorded when the half was left
    bool left = false;
  };
  struct Download {
    const std::byte *from;
    std::span<std::byte> to;
  };

  const Driver &driver;
  CUstream stream;
  std::byte *memory = nullptr; // two halves for uploads, then downloads
  std::array<Half, 2> halves;
  size_t current = 0, used = 0; // half that is being filled, bytes of it
  std::byte *slots = nullptr;
  size_t slotBytes = 0;
  std::vector<Download> downloads;
};

} // namespace step37::cuda
