// GPU variants of rms_norm and rms_norm_grad.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const RmsNorm &spec) {
  return onlyGeneric("rms_norm.cuh", {blocksStage("rms_norm_generic", spec.rows)});
}

std::vector<CudaVariant> variantsOf(const RmsNormGrad &spec) {
  // Two rows at a time.
  return onlyGeneric(
      "rms_norm.cuh", PartSumsLaunch{.row_threads = 512, .rows_per_part = spec.rowsPerBlock},
      [spec](const PartSumsLaunch &config) {
        return partSumsStages("rms_norm_grad_generic_rows", spec.rows,
                              "rms_norm_grad_generic_weight", spec.frozen ? 0 : spec.cols, config);
      });
}

} // namespace step37::spec
