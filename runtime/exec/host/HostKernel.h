// What every host twin gets: the worker pool, BLAS and scratch memory of its own for each worker.
// The twins are declared in HostKernels.h; who calls them is HostExecutor.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/base/ThreadPool.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace step37::host {

class Blas;

/// Where a twin finds one of its arguments: the first element that it may touch. Without data where
/// the spec has no such argument.
struct HostBuffer {
  std::byte *data = nullptr;

  template <class T> T *as() const { return reinterpret_cast<T *>(data); }
  bool operator==(const HostBuffer &) const = default;
};

/// The arguments of a kernel by name.
template <class Spec> using Buffers = spec::Operands<Spec, HostBuffer>;
/// Those of all ranks that exchange with each other, in rank order.
template <class Spec> using GroupBuffers = std::span<const Buffers<Spec>>;

/// Lives as long as the executor. Kernels allocate nothing: what they need beyond their arguments
/// is scratch, as large as the largest `scratchFloats` of all twins that run.
struct HostContext {
  ThreadPool &pool;
  const Blas &blas;
  float *scratch = nullptr;     // 64-byte aligned
  int64_t scratchPerWorker = 0; // floats; a multiple of 16

  /// Scratch of one worker; its contents do not outlive a work item.
  float *workerScratch(int worker) const { return scratch + worker * scratchPerWorker; }
};

/// What a twin gets: the arguments of a rank, or in an exchange those of its group.
template <class Spec>
using TwinBuffers = std::conditional_t<spec::exchanges<Spec>, GroupBuffers<Spec>, Buffers<Spec>>;

/// The C++ twin of a kernel: results do not depend on the number of workers, since work items are
/// cut by shape (and group offsets) alone and sums have a fixed order.
template <class Spec> struct HostTwin {
  void (*run)(const Spec &spec, HostContext &context, const TwinBuffers<Spec> &at);
  int64_t scratchFloats = 0; // of every worker
};

} // namespace step37::host
