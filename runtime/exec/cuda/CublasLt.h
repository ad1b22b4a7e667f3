// cuBLASLt, loaded at run time: the dense products of a plan. The algorithm of a product is chosen
// once, when its step is bound: the one that a table of measurements names, or the first of
// cuBLASLt's own heuristic for the given workspace: no timing, the same choice on the same machine.
// Only algorithms are taken that add up in f32 and round once. Who measures is ProductTuning.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/exec/cuda/Driver.h"

#include <memory>
#include <string>
#include <vector>

namespace step37::cuda {

/// A dense product's arguments on the GPU.
using ProductBuffers = spec::Operands<spec::Gemm, CUdeviceptr>;

/// A dense product with its descriptors and algorithm, ready to be enqueued.
class Product {
public:
  virtual ~Product() = default;
  virtual void enqueue(const ProductBuffers &at, CUstream stream) const = 0;
};

/// A product as a step has it: what it computes, on operands of which alignment in bytes (a power
/// of two), and the step's name in messages.
struct ProductStep {
  spec::Gemm gemm;
  int64_t alignment = 0;
  std::string origin;
};

/// The alignment of a product's operands at these addresses, as far as it can matter: at most 256.
int64_t productAlignment(const ProductBuffers &at);

class CublasLt {
public:
  /// Loads the library. Throws Error where there is none.
  explicit CublasLt(const Driver &driver);
  ~CublasLt();

  /// With the heuristic's first algorithm.
  std::unique_ptr<Product> prepare(const ProductStep &step) const;

  /// With an algorithm that `candidates` gave. Throws Error where cuBLASLt refuses it.
  std::unique_ptr<Product> prepare(const ProductStep &step, const std::string &algorithm) const;

  /// Algorithms for a product, the heuristic's first one first, each as hexadecimal digits.
  std::vector<std::string> candidates(const ProductStep &step, int most) const;

  std::string version() const;

  struct Library;

private:
  std::unique_ptr<Library> library;
};

} // namespace step37::cuda
