// GPU variants of gemm. Whether a product goes to the library instead is decided by kernel
// selection.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const Gemm &spec) {
  constexpr int64_t tile = 64;
  Stage tiles = blocksStage("gemm_generic", ceilDiv(spec.m, tile) * ceilDiv(spec.n, tile));
  tiles.blocksPerSm = 2; // which keeps registers below 128
  return onlyGeneric("gemm.cuh", {tiles});
}

} // namespace step37::spec
