// cuBLASLt, loaded at run time: the dense products of a plan. The algorithm of a product is chosen
// once, when its step is bound, by cuBLASLt's own heuristic for the given workspace: no timing, the
// same choice on the same machine.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/cuda/Driver.h"

#include <memory>
#include <span>
#include <string>

namespace step37::cuda {

/// A dense product with its descriptors and algorithm, ready to be enqueued.
class Product {
public:
  virtual ~Product() = default;
  /// Enqueues it; buffers in the order of spec::Gemm's arguments.
  virtual void enqueue(std::span<const CUdeviceptr> buffers, CUstream stream) const = 0;
};

class CublasLt {
public:
  /// Loads the library. Throws Error where there is none.
  explicit CublasLt(const Driver &driver);
  ~CublasLt();

  /// `origin` names the step in messages.
  std::unique_ptr<Product> prepare(const spec::Gemm &gemm, const std::string &origin) const;

  std::string version() const;

  struct Library;

private:
  std::unique_ptr<Library> library;
};

} // namespace step37::cuda
