// GPU variants of the grouped products.
#include "codegen/spec/cuda/Launch.h"

#include <algorithm>

namespace step37::spec {
namespace {

constexpr int64_t groupedTile = 64; // grouped_tile

// The variant on tensor cores: grouped_pipeline.cuh.
constexpr int64_t wgmmaRows = 128, wgmmaCols = 256, wgmmaDepth = 64, wgmmaStages = 4;
constexpr int wgmmaThreads = 384;
/// Blocks that stay and take tiles in turn: one for each multiprocessor of an H200. Any number is
/// right.
constexpr int64_t stayingBlocks = 132;

/// Tiles of rows that may be needed however the rows fall on the groups and behind them: each of
/// these groups + 1 parts rounds up by less than a tile.
template <class Spec> int64_t rowTiles(const Spec &spec, int64_t tile) {
  return std::min(ceilDiv(spec.rows, tile) + spec.groups, spec.rows);
}

/// What makes the descriptions of tensors, and then the products.
std::vector<Stage> productStages(const std::string &family, int64_t mapBlocks, int64_t tiles) {
  Stage maps = blocksStage(family + "_wgmma_maps", mapBlocks);
  maps.block = 32;
  Stage products = blocksStage(family + "_wgmma", std::min(tiles, stayingBlocks));
  products.block = wgmmaThreads;
  products.sharedBytes = wgmmaStages * (wgmmaRows + wgmmaCols) * wgmmaDepth * 2 + 1024;
  return {maps, products};
}

/// Why tensor cores do not take a spec whose rows have these lengths; empty if they do.
std::string unmetByTensorCores(DType type, int64_t rowLength, int64_t otherRowLength) {
  if (type != DType::bf16)
    return "not bf16";
  if (rowLength % 8 != 0 || otherRowLength % 8 != 0)
    return "a row is no multiple of 16 bytes";
  return "";
}

/// The family's variants, the fast one if nothing is in its way.
std::vector<CudaVariant> variants(std::string_view fastHeader, std::string unmet,
                                  std::vector<Stage> fast, std::string_view header,
                                  std::vector<Stage> generic) {
  if (!unmet.empty())
    fast.clear();
  return {{"wgmma", fastHeader, std::move(unmet), std::move(fast)},
          {"generic", header, "", std::move(generic)}};
}

/// Tiles of `cols` columns, by columns and rows.
template <class Spec> Stage genericProduct(std::string function, const Spec &spec, int64_t cols) {
  return {std::move(function),
          {ceilDiv(cols, groupedTile), rowTiles(spec, groupedTile), 1},
          int(blockThreads)};
}

} // namespace

std::vector<CudaVariant> variantsOf(const GroupedGemm &spec) {
  return variants(
      "grouped_gemm_wgmma.cuh", unmetByTensorCores(spec.type, spec.n, spec.k),
      productStages("grouped_gemm", 1, rowTiles(spec, wgmmaRows) * ceilDiv(spec.n, wgmmaCols)),
      "grouped_gemm.cuh", {genericProduct("grouped_gemm_generic", spec, spec.n)});
}

std::vector<CudaVariant> variantsOf(const GroupedGemmGrad &spec) {
  Stage generic{"grouped_gemm_grad_generic",
                {ceilDiv(spec.n, groupedTile), ceilDiv(spec.m, groupedTile), spec.groups},
                int(blockThreads)};
  return variants(
      "grouped_gemm_grad_wgmma.cuh", unmetByTensorCores(spec.type, spec.m, spec.n),
      productStages("grouped_gemm_grad", spec.groups,
                    spec.groups * ceilDiv(spec.m, wgmmaRows) * ceilDiv(spec.n, wgmmaCols)),
      "grouped_gemm.cuh", {generic});
}

std::vector<CudaVariant> variantsOf(const GroupedSwiglu &spec) {
  constexpr int64_t pairs = wgmmaCols / 2; // of gates and ups in a tile
  return variants(
      "grouped_swiglu_wgmma.cuh", unmetByTensorCores(spec.type, spec.n, spec.k),
      productStages("grouped_swiglu", 1, rowTiles(spec, wgmmaRows) * ceilDiv(spec.n, pairs)),
      "grouped_swiglu.cuh",
      {genericProduct("grouped_swiglu_generic_product", spec, 2 * spec.n),
       packsStage("grouped_swiglu_generic_activation", spec.rows * spec.n, spec.type)});
}

} // namespace step37::spec
