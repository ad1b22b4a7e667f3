// GPU variants of qk_norm_rope and qk_norm_rope_grad.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const QkNormRope &spec) {
  constexpr int64_t tokenThreads = 64;
  return onlyGeneric("qk_norm_rope.cuh",
                     {threadsStage("qk_norm_rope_generic", spec.tokens * tokenThreads)});
}

std::vector<CudaVariant> variantsOf(const QkNormRopeGrad &spec) {
  constexpr int headThreads = 512;
  constexpr int64_t columnsPerBlock = 32; // column_sum_width
  Stage heads =
      blocksStage("qk_norm_rope_grad_generic_heads", ceilDiv(spec.tokens, spec.rowsPerBlock));
  heads.block = headThreads;
  std::vector<Stage> stages = {heads};
  if (spec.sumsWeights())
    stages.push_back(blocksStage("qk_norm_rope_grad_generic_weights",
                                 ceilDiv(2 * spec.head_dim, columnsPerBlock)));
  return onlyGeneric("qk_norm_rope_grad.cuh", std::move(stages));
}

} // namespace step37::spec
