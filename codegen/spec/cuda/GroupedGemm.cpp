// GPU variants of the grouped products.
#include "codegen/spec/cuda/Launch.h"

#include <algorithm>

namespace step37::spec {
namespace {

/// Tiles of rows that may be needed however the rows fall on the groups and behind them: each of
/// these groups + 1 parts rounds up by less than a tile.
template <class Spec> int64_t rowTiles(const Spec &spec, int64_t tile) {
  return std::min(ceilDiv(spec.rows, tile) + spec.groups, spec.rows);
}

/// Why tensor cores do not take a spec whose rows have these lengths; empty if they do.
std::string unmetByTensorCores(DType type, int64_t rowLength, int64_t otherRowLength) {
  if (type != DType::bf16)
    return "not bf16";
  if (rowLength % 8 != 0 || otherRowLength % 8 != 0)
    return "a row is no multiple of 16 bytes";
  return "";
}

/// The variant on tensor cores (grouped_pipeline.cuh): what makes the descriptions of tensors, and
/// then the products, with blocks for at most so many tiles.
CudaVariant fastVariant(const std::string &family, std::string_view header, std::string unmet,
                        int64_t mapBlocks, int64_t tiles) {
  constexpr int64_t elementBytes = 2, alignment = 1024, warp = 32;
  std::vector<GroupedLaunch> configs;
  for (int64_t stages : {4, 3, 2}) { // the number keeps the bits
    GroupedLaunch &config = configs.emplace_back();
    config.stages = stages;
    config.blocks = std::min(tiles, h200.multiprocessors);
    config.shared_bytes =
        stages * (config.rows + config.cols) * config.depth * elementBytes + alignment;
  }
  return variantUnless(
      std::move(unmet), "wgmma", header, std::move(configs), [=](const GroupedLaunch &config) {
        return std::vector<Stage>{
            blocksStage(family + "_wgmma_maps", mapBlocks, warp),
            {family + "_wgmma", {config.blocks, 1, 1}, config.threads, config.shared_bytes}};
      });
}

/// Tiles of `cols` columns, by columns and rows.
template <class Spec>
Stage genericProduct(std::string function, const Spec &spec, int64_t cols,
                     const TileLaunch &config) {
  return {std::move(function),
          {ceilDiv(cols, config.tile), rowTiles(spec, config.tile), 1},
          config.threads};
}

template <class Stages> CudaVariant genericVariant(std::string_view header, Stages stages) {
  return variantWith("generic", header, std::vector<TileLaunch>{{}}, stages);
}

constexpr GroupedLaunch cut; // rows and cols of a tile are the template's

} // namespace

std::vector<CudaVariant> variantsOf(const GroupedGemm &spec) {
  return {fastVariant("grouped_gemm", "grouped_gemm_wgmma.cuh",
                      unmetByTensorCores(spec.type, spec.n, spec.k), 1,
                      rowTiles(spec, cut.rows) * ceilDiv(spec.n, cut.cols)),
          genericVariant("grouped_gemm.cuh", [spec](const TileLaunch &config) {
            return std::vector<Stage>{genericProduct("grouped_gemm_generic", spec, spec.n, config)};
          })};
}

std::vector<CudaVariant> variantsOf(const GroupedGemmGrad &spec) {
  return {fastVariant("grouped_gemm_grad", "grouped_gemm_grad_wgmma.cuh",
                      unmetByTensorCores(spec.type, spec.m, spec.n), spec.groups,
                      spec.groups * ceilDiv(spec.m, cut.rows) * ceilDiv(spec.n, cut.cols)),
          genericVariant("grouped_gemm.cuh", [spec](const TileLaunch &config) {
            return std::vector<Stage>{
                {"grouped_gemm_grad_generic",
                 {ceilDiv(spec.n, config.tile), ceilDiv(spec.m, config.tile), spec.groups},
                 config.threads}};
          })};
}

std::vector<CudaVariant> variantsOf(const GroupedSwiglu &spec) {
  const int64_t pairs = cut.cols / 2; // of gates and ups in a tile
  return {fastVariant("grouped_swiglu", "grouped_swiglu_wgmma.cuh",
                      unmetByTensorCores(spec.type, spec.n, spec.k), 1,
                      rowTiles(spec, cut.rows) * ceilDiv(spec.n, pairs)),
          genericVariant("grouped_swiglu.cuh", [spec](const TileLaunch &config) {
            return std::vector<Stage>{
                genericProduct("grouped_swiglu_generic_product", spec, 2 * spec.n, config),
                packsStage("grouped_swiglu_generic_activation", spec.rows * spec.n, spec.type)};
          })};
}

} // namespace step37::spec
