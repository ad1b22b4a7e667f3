// Products of matrices in tiles: each tile is one work item, its sum has one order whatever the
// number of workers, and f32 BLAS does the arithmetic. bf16 panels are converted on the way into a
// worker's scratch. Gemm and GroupedGemm are made of it.
#pragma once

#include "runtime/base/DType.h"
#include "runtime/exec/host/HostKernel.h"

#include <cstdint>

namespace step37::host {

/// A factor. op(x) is x, or its transpose.
struct Factor {
  const std::byte *data;
  DType type; // f32 or bf16
  int64_t stride;
  bool transposed = false;
};

/// c[m,n] = op(a)·op(b) + beta·c, accumulated in f32 and rounded once; c is not read if beta is 0.
/// k may be 0; c is then not touched if beta is 1.
struct MatrixProduct {
  int64_t m, n, k;
  Factor a, b;
  std::byte *c;
  DType cType; // f32 or bf16
  int64_t cStride;
  float beta = 0;
};

/// Upper bounds of a tile's rows and columns.
struct Tiling {
  int64_t rows, cols;

  /// Tiles that are large enough for BLAS, but many enough for several workers, for `products`
  /// products of this size.
  static Tiling choose(int64_t m, int64_t n, int64_t products = 1);

  int64_t count(int64_t m, int64_t n) const;
};

/// Floats of scratch that `multiplyTile` needs at most.
int64_t productScratch(const Tiling &tiling, int64_t k);

/// One of the tiling.count(m, n) tiles of a product.
void multiplyTile(const MatrixProduct &product, const Tiling &tiling, int64_t tile,
                  const Blas &blas, float *scratch);

/// All tiles of one product, tiled by its m and n.
void multiply(const MatrixProduct &product, HostContext &context);

/// Scratch for `multiply`.
int64_t productScratch(int64_t m, int64_t n, int64_t k);

} // namespace step37::host
