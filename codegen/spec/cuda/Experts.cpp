// GPU variants of what stands between a router and its experts: route, sort_by_expert, dispatch,
// combine and their gradients.
#include "codegen/spec/cuda/Launch.h"

#include <algorithm>

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const Route &spec) {
  return onlyGeneric("route.cuh", {warpsStage("route_generic", spec.tokens)});
}

std::vector<CudaVariant> variantsOf(const RouteGrad &spec) {
  return onlyGeneric("route.cuh", {warpsStage("route_grad_generic", spec.tokens)});
}

std::vector<CudaVariant> variantsOf(const SortByExpert &spec) {
  // A tile has room for a count of every expert.
  SortLaunch config;
  config.tile_slots = std::max(config.tile_slots, spec.experts);
  config.tiles = std::max<int64_t>(1, spec.tokens * spec.top_k / config.tile_slots);
  return onlyGeneric("sort_by_expert.cuh", config, [](const SortLaunch &config) {
    return std::vector<Stage>{
        blocksStage("sort_by_expert_generic_count", config.tiles, config.threads),
        blocksStage("sort_by_expert_generic_scan", 1, config.scan_threads),
        blocksStage("sort_by_expert_generic_place", config.tiles, config.place_threads)};
  });
}

std::vector<CudaVariant> variantsOf(const Dispatch &spec) {
  return onlyGeneric("dispatch.cuh", {blocksStage("dispatch_generic", spec.rows)});
}

std::vector<CudaVariant> variantsOf(const Combine &spec) {
  return onlyGeneric("dispatch.cuh", {blocksStage("combine_generic", spec.tokens)});
}

std::vector<CudaVariant> variantsOf(const CombineGrad &spec) {
  return onlyGeneric("dispatch.cuh", {warpsStage("combine_grad_generic", spec.rows)});
}

} // namespace step37::spec
