// GPU variants of attention and its gradient.
#include "codegen/spec/cuda/Launch.h"

namespace step37::spec {
namespace {

constexpr int64_t attentionTile = 32; // queries or keys of a block: attention_tile

/// A block a tile of every row and every one of `count` heads or groups, with `tiles` tiles of
/// head_dim + 1 floats a line in shared memory.
template <class Spec>
Stage tilesStage(const char *function, const Spec &spec, int64_t count, int64_t tiles) {
  Stage stage;
  stage.function = function;
  stage.grid = {ceilDiv(spec.seq_len, attentionTile), count, spec.tokens / spec.seq_len};
  stage.block = int(blockThreads);
  stage.sharedBytes = tiles * attentionTile * (spec.head_dim + 1) * int64_t(sizeof(float));
  return stage;
}

} // namespace

std::vector<CudaVariant> variantsOf(const Attention &spec) {
  return onlyGeneric("attention.cuh", {tilesStage("attention_generic", spec, spec.heads, 3)});
}

std::vector<CudaVariant> variantsOf(const AttentionGrad &spec) {
  return onlyGeneric("attention.cuh",
                     {tilesStage("attention_grad_generic_queries", spec, spec.heads, 4),
                      tilesStage("attention_grad_generic_keys", spec, spec.groups, 4)});
}

} // namespace step37::spec
