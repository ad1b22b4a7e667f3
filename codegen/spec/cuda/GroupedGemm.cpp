// GPU variants of the grouped products.
#include "codegen/spec/cuda/Launch.h"

#include <algorithm>

namespace step37::spec {
namespace {

constexpr int64_t groupedTile = 64; // grouped_tile

} // namespace

std::vector<CudaVariant> variantsOf(const GroupedGemm &spec) {
  // However the rows fall on the experts, each has at most one tile that is not full.
  int64_t rowTiles = std::min(ceilDiv(spec.rows, groupedTile) + spec.groups, spec.rows);
  Stage stage{
      "grouped_gemm_generic", {ceilDiv(spec.n, groupedTile), rowTiles, 1}, int(blockThreads)};
  return onlyGeneric("grouped_gemm.cuh", {stage});
}

std::vector<CudaVariant> variantsOf(const GroupedGemmGrad &spec) {
  Stage stage{"grouped_gemm_grad_generic",
              {ceilDiv(spec.n, groupedTile), ceilDiv(spec.m, groupedTile), spec.groups},
              int(blockThreads)};
  return onlyGeneric("grouped_gemm.cuh", {stage});
}

} // namespace step37::spec
