// GPU variants of qk_norm_rope and qk_norm_rope_grad.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const QkNormRope &spec) {
  return onlyGeneric("qk_norm_rope.cuh", HeadsLaunch(), [spec](const HeadsLaunch &config) {
    return std::vector<Stage>{
        blocksStage("qk_norm_rope_generic",
                    ceilDiv(spec.tokens, config.threads / config.token_threads), config.threads)};
  });
}

std::vector<CudaVariant> variantsOf(const QkNormRopeGrad &spec) {
  return onlyGeneric("qk_norm_rope_grad.cuh", HeadsGradLaunch{.rows_per_part = spec.rowsPerBlock},
                     [spec](const HeadsGradLaunch &config) {
                       return partSumsStages("qk_norm_rope_grad_generic_heads", spec.tokens,
                                             "qk_norm_rope_grad_generic_weights",
                                             spec.sumsWeights() ? 2 * spec.head_dim : 0, config);
                     });
}

} // namespace step37::spec
