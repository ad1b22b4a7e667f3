// GPU variants of logits_loss.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const LogitsLoss &spec) {
  return onlyGeneric("loss.cuh", {lossRowsStage("logits_loss_generic", spec.rows)});
}

} // namespace step37::spec
