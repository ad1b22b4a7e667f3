// OpenBLAS, opened at run time: one thread inside, and the core type chosen before it is loaded,
// since its own choice can be years behind the processor. Only sgemm is used; who cuts products
// into tiles is MatrixProduct.
#pragma once

#include <cstdint>
#include <string>

namespace step37::host {

class Blas {
public:
  /// Loads libopenblas.so.0. Throws Error naming the Debian package where it is missing. The core
  /// type takes effect the first time in a process; one that the user set (OPENBLAS_CORETYPE)
  /// stays.
  Blas();

  /// c[m,n] = op(a)·op(b) + beta·c, row-major; c is not read if beta is 0. May be called by several
  /// threads at once. Sizes are positive and below 2^31.
  void sgemm(bool transposeA, bool transposeB, int64_t m, int64_t n, int64_t k, const float *a,
             int64_t aStride, const float *b, int64_t bStride, float beta, float *c,
             int64_t cStride) const {
    multiply(rowMajor, transposeA ? transposed : plain, transposeB ? transposed : plain, int(m),
             int(n), int(k), 1.0f, a, int(aStride), b, int(bStride), beta, c, int(cStride));
  }

  /// "OpenBLAS SkylakeX"
  const std::string &description() const { return text; }

private:
  // The values that the C interface of BLAS gives its enumerations.
  static constexpr int rowMajor = 101, plain = 111, transposed = 112;

  using Sgemm = void (*)(int order, int transposeA, int transposeB, int m, int n, int k,
                         float alpha, const float *a, int aStride, const float *b, int bStride,
                         float beta, float *c, int cStride);
  Sgemm multiply = nullptr;
  std::string text;
};

} // namespace step37::host
