// GPU variants of logits_loss.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const LogitsLoss &spec) {
  Stage rows = blocksStage("logits_loss_generic", spec.rows);
  rows.block = 1024;
  return onlyGeneric("loss.cuh", {rows});
}

} // namespace step37::spec
