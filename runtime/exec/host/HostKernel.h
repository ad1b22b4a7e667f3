// What every host twin gets: the worker pool, BLAS and scratch memory of its own for each worker.
// The twins are declared in HostKernels.h; who calls them is HostExecutor.
#pragma once

#include "runtime/base/ThreadPool.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace step37::host {

class Blas;

/// A kernel's arguments, in the order of its spec's `arguments()`; each points to the first element
/// that the kernel may touch.
using HostArguments = std::span<std::byte *const>;

/// Lives as long as the executor. Kernels allocate nothing: what they need beyond their arguments
/// is scratch, as large as the largest `scratchFloats` of all specs that run.
struct HostContext {
  ThreadPool &pool;
  const Blas &blas;
  float *scratch = nullptr;     // 64-byte aligned
  int64_t scratchPerWorker = 0; // floats; a multiple of 16

  /// Scratch of one worker; its contents do not outlive a work item.
  float *workerScratch(int worker) const { return scratch + worker * scratchPerWorker; }
};

/// Argument `index` as elements of type T.
template <class T> T *argument(HostArguments arguments, size_t index) {
  return reinterpret_cast<T *>(arguments[index]);
}

} // namespace step37::host
