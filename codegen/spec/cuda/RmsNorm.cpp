// GPU variants of rms_norm and rms_norm_grad.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const RmsNorm &spec) {
  return onlyGeneric("rms_norm.cuh", {blocksStage("rms_norm_generic", spec.rows)});
}

std::vector<CudaVariant> variantsOf(const RmsNormGrad &spec) {
  constexpr int rowThreads = 512;         // two rows at a time
  constexpr int64_t columnsPerBlock = 32; // column_sum_width
  Stage rows = blocksStage("rms_norm_grad_generic_rows", ceilDiv(spec.rows, spec.rowsPerBlock));
  rows.block = rowThreads;
  std::vector<Stage> stages = {rows};
  if (!spec.frozen)
    stages.push_back(
        blocksStage("rms_norm_grad_generic_weight", ceilDiv(spec.cols, columnsPerBlock)));
  return onlyGeneric("rms_norm.cuh", std::move(stages));
}

} // namespace step37::spec
