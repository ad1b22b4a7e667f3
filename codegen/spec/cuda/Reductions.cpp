// GPU variants of the families that sum over whole buffers: reduce_sum, sum_of_squares and
// global_norm.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {
namespace {

Stage singleBlock(std::string function) {
  Stage stage = blocksStage(std::move(function), 1);
  stage.block = 1024;
  return stage;
}

} // namespace

std::vector<CudaVariant> variantsOf(const ReduceSum &) {
  return onlyGeneric("reductions.cuh", {singleBlock("reduce_sum_generic")});
}

std::vector<CudaVariant> variantsOf(const SumOfSquares &spec) {
  return onlyGeneric("reductions.cuh",
                     {blocksStage("sum_of_squares_generic", ceilDiv(spec.elements, spec.block))});
}

std::vector<CudaVariant> variantsOf(const GlobalNorm &) {
  return onlyGeneric("reductions.cuh", {singleBlock("global_norm_generic")});
}

} // namespace step37::spec
