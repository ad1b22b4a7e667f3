// See MatrixProduct.h.
#include "runtime/exec/host/MatrixProduct.h"

#include "runtime/exec/host/Blas.h"
#include "runtime/exec/host/Elements.h"

#include <algorithm>

namespace step37::host {
namespace {

constexpr int64_t largestTile = 384; // measured: BLAS gains nothing beyond it
constexpr int64_t smallestTile = 64; // BLAS loses a fifth here
constexpr int64_t enoughTiles = 8;   // for few workers; large products have many more
constexpr int64_t panelDepth = 512;  // of the sum, for converted panels: they stay in L2
constexpr int64_t vectorFloats = 16; // tiles begin at multiples of it

int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t roundUp(int64_t a, int64_t b) { return ceilDivide(a, b) * b; }

struct Range {
  int64_t begin, size;
};

/// Cuts [0, size) into as few pieces of at most `limit` as there can be, about equally long.
Range piece(int64_t size, int64_t limit, int64_t index) {
  int64_t length = roundUp(ceilDivide(size, ceilDivide(size, limit)), vectorFloats);
  length = std::min(length, limit);
  int64_t begin = index * length;
  return {begin, std::min(length, size - begin)};
}

/// An f32 matrix that BLAS can read: the factor itself, or a converted panel.
struct Panel {
  const float *data;
  int64_t stride;
};

/// Rows [row, row+rows) and columns [col, col+cols) of op(factor).
Panel panel(const Factor &factor, int64_t row, int64_t rows, int64_t col, int64_t cols,
            float *scratch) {
  if (factor.transposed) {
    std::swap(row, col);
    std::swap(rows, cols);
  }
  int64_t start = row * factor.stride + col;
  if (factor.type == DType::f32)
    return {reinterpret_cast<const float *>(factor.data) + start, factor.stride};
  auto *from = reinterpret_cast<const BFloat16 *>(factor.data) + start;
  for (int64_t i = 0; i < rows; ++i)
    loadRow(from + i * factor.stride, cols, scratch + i * cols);
  return {scratch, cols};
}

} // namespace

Tiling Tiling::choose(int64_t m, int64_t n, int64_t products) {
  Tiling tiling{std::min(roundUp(m, vectorFloats), largestTile),
                std::min(roundUp(n, vectorFloats), largestTile)};
  while (products * tiling.count(m, n) < enoughTiles) {
    int64_t &larger = tiling.rows >= tiling.cols ? tiling.rows : tiling.cols;
    if (larger <= smallestTile)
      break;
    larger = std::max(roundUp(larger / 2, vectorFloats), smallestTile);
  }
  return tiling;
}

int64_t Tiling::count(int64_t m, int64_t n) const {
  return ceilDivide(m, rows) * ceilDivide(n, cols);
}

int64_t productScratch(const Tiling &tiling, int64_t k) {
  int64_t depth = std::min(k, panelDepth);
  return (tiling.rows + tiling.cols) * roundUp(depth, vectorFloats) + tiling.rows * tiling.cols;
}

void multiplyTile(const MatrixProduct &product, const Tiling &tiling, int64_t tile,
                  const Blas &blas, float *scratch) {
  if (product.k == 0 && product.beta == 1)
    return; // nothing to add
  int64_t columns = ceilDivide(product.n, tiling.cols);
  auto [row, rows] = piece(product.m, tiling.rows, tile / columns);
  auto [col, cols] = piece(product.n, tiling.cols, tile % columns);
  const Factor &a = product.a, &b = product.b;
  bool converts = a.type != DType::f32 || b.type != DType::f32;
  int64_t depth = converts ? std::min(product.k, panelDepth) : product.k;

  // The sum is built in c itself if it is f32, else in scratch.
  bool direct = product.cType == DType::f32;
  int64_t start = row * product.cStride + col;
  auto *narrow = reinterpret_cast<BFloat16 *>(product.c) + start;
  float *sum = direct ? reinterpret_cast<float *>(product.c) + start : scratch;
  int64_t sumStride = direct ? product.cStride : cols;
  float *aScratch = scratch + tiling.rows * tiling.cols;
  float *bScratch = aScratch + tiling.rows * roundUp(depth, vectorFloats);
  if (!direct && product.beta != 0)
    for (int64_t i = 0; i < rows; ++i)
      loadRow(narrow + i * product.cStride, cols, sum + i * cols);

  if (product.k == 0)
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < cols; ++j) {
        float &value = sum[i * sumStride + j];
        value = product.beta == 0 ? 0.0f : product.beta * value;
      }
  for (int64_t begin = 0; begin < product.k; begin += depth) {
    int64_t size = std::min(depth, product.k - begin);
    Panel left = panel(a, row, rows, begin, size, aScratch);
    Panel right = panel(b, begin, size, col, cols, bScratch);
    blas.sgemm(a.transposed, b.transposed, rows, cols, size, left.data, left.stride, right.data,
               right.stride, begin == 0 ? product.beta : 1.0f, sum, sumStride);
  }
  if (!direct)
    for (int64_t i = 0; i < rows; ++i)
      storeRow(sum + i * cols, cols, narrow + i * product.cStride);
}

void multiply(const MatrixProduct &product, HostContext &context) {
  Tiling tiling = Tiling::choose(product.m, product.n);
  context.pool.parallelFor(tiling.count(product.m, product.n), [&](int64_t tile, int worker) {
    multiplyTile(product, tiling, tile, context.blas, context.workerScratch(worker));
  });
}

int64_t productScratch(int64_t m, int64_t n, int64_t k) {
  return productScratch(Tiling::choose(m, n), k);
}

} // namespace step37::host
