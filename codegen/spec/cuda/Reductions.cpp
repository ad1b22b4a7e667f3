// GPU variants of the families that sum over whole buffers: reduce_sum, sum_of_squares and
// global_norm.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {
namespace {

/// One block for everything.
std::vector<CudaVariant> singleBlock(std::string function) {
  constexpr int64_t threads = 1024;
  return onlyGeneric("reductions.cuh", {blocksStage(std::move(function), 1, threads)}, threads);
}

} // namespace

std::vector<CudaVariant> variantsOf(const ReduceSum &) { return singleBlock("reduce_sum_generic"); }

std::vector<CudaVariant> variantsOf(const SumOfSquares &spec) {
  return onlyGeneric("reductions.cuh",
                     {blocksStage("sum_of_squares_generic", ceilDiv(spec.elements, spec.block))});
}

std::vector<CudaVariant> variantsOf(const GlobalNorm &) {
  return singleBlock("global_norm_generic");
}

} // namespace step37::spec
