// Measures which algorithm of cuBLASLt is fastest for a product, on the product's own operands.
#pragma once

#include "runtime/exec/base/ProductTable.h"
#include "runtime/exec/cuda/CublasLt.h"
#include "runtime/exec/cuda/StepTimer.h"

#include <functional>
#include <random>
#include <string>
#include <vector>

namespace step37::cuda {

class ProductTuning {
public:
  /// For a GPU of this name; works on `stream`. All of them outlive this.
  ProductTuning(const Driver &driver, const CublasLt &cublas, CUstream stream,
                const std::string &gpu)
      : driver(driver), cublas(cublas), stream(stream), timer(driver),
        table(gpu, cublas.version()) {}

  /// Adds the fastest algorithm of a product to the table, unless it is there. What the operands
  /// held is lost. The heuristic's choice stays where another is faster by less than a hundredth,
  /// so that noise decides nothing. `say` gets a line.
  void measure(const ProductStep &step, const ProductBuffers &at,
               const std::function<void(const std::string &)> &say);

  const ProductTable &result() const { return table; }

private:
  void fill(CUdeviceptr to, const spec::Argument &argument);
  double seconds(const Product &product, const ProductBuffers &at);

  const Driver &driver;
  const CublasLt &cublas;
  CUstream stream;
  StepTimer timer;
  ProductTable table;
  std::mt19937_64 random{1};
};

} // namespace step37::cuda
