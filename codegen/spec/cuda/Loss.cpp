// GPU variants of logits_loss.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const LogitsLoss &spec) {
  // As many threads as a multiprocessor holds together, with few rows in flight.
  constexpr int64_t threads = 1024;
  return onlyGeneric("loss.cuh", {blocksStage("logits_loss_generic", spec.rows, threads)}, threads);
}

} // namespace step37::spec
