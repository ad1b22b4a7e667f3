// GPU variants of embedding and embedding_grad.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {

std::vector<CudaVariant> variantsOf(const Embedding &spec) {
  return onlyGeneric("embedding.cuh", {blocksStage("embedding_generic", spec.tokens)});
}

std::vector<CudaVariant> variantsOf(const EmbeddingGrad &spec) {
  return onlyGeneric("embedding.cuh", {threadsStage("embedding_grad_generic_clear", spec.vocab),
                                       threadsStage("embedding_grad_generic_link", spec.tokens),
                                       blocksStage("embedding_grad_generic_sum", spec.vocab)});
}

} // namespace step37::spec
