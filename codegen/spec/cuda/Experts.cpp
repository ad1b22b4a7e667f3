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
  // As in the template, which is right for any number of blocks.
  constexpr int64_t smallestTile = 1024;
  int64_t tiles =
      std::max<int64_t>(1, spec.tokens * spec.top_k / std::max(smallestTile, spec.experts));
  Stage scan = blocksStage("sort_by_expert_generic_scan", 1);
  scan.block = 1024;
  Stage place = blocksStage("sort_by_expert_generic_place", tiles);
  place.block = 32; // a warp keeps the order
  return onlyGeneric("sort_by_expert.cuh",
                     {blocksStage("sort_by_expert_generic_count", tiles), scan, place});
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
