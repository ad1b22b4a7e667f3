// GPU variants of attention and its gradient.
#include "codegen/spec/cuda/Launch.h"

#include <algorithm>

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

// The variant on tensor cores: attention_tiles.cuh, attention_pipeline.cuh, attention_grad_*.cuh.

constexpr int64_t wgmmaTile = 128; // lines of two computing warpgroups
constexpr int wgmmaThreads = 384;  // these and the one that copies
/// Blocks that stay and take tiles in turn: one for each multiprocessor of an H200. Any number is
/// right.
constexpr int64_t stayingBlocks = 132;

/// Bytes of a tile in shared memory (SwizzledTile) and of a number of barriers.
int64_t tileBytes(int64_t lines, int64_t columns) { return ceilDiv(columns, 64) * lines * 128; }
int64_t barrierBytes(int64_t count) { return count * 8; }

/// The largest power of two up to 16 that divides a group's heads: heads_per_tile.
template <class Spec> int64_t headsPerTile(const Spec &spec) {
  int64_t heads = 16;
  while (spec.heads / spec.groups % heads != 0)
    heads /= 2;
  return heads;
}

/// Keys that a tile of queries takes at once: keys_per_tile.
template <class Spec> int64_t keysPerTile(const Spec &spec, bool wide) {
  if (spec.causal && (spec.window == 0 || spec.window >= spec.seq_len))
    return 128;
  int64_t span = spec.causal ? spec.window + wgmmaTile / headsPerTile(spec) - 1 : spec.seq_len;
  int64_t large = wide && !spec.causal && spec.head_dim <= 96 ? 144 : 128, small = large - 16;
  return ceilDiv(span, small) * small < ceilDiv(span, large) * large ? small : large;
}

/// Why tensor cores do not take a spec; empty if they do. In a packed matrix v stands behind whole
/// heads, so that its rows begin at multiples of 16 bytes if their stride is one.
template <class Spec> std::string unmetByTensorCores(const Spec &spec, int64_t dvStride) {
  if (spec.type != DType::bf16)
    return "the type is not bf16";
  if (spec.head_dim != 64 && spec.head_dim != 96 && spec.head_dim != 128)
    return "head_dim is not 64, 96 or 128";
  if (spec.v_stride % 8 != 0 || dvStride % 8 != 0)
    return "a row stride of v or dv is no multiple of 8";
  if (spec.scale <= 0)
    return "the scale is not positive";
  return "";
}

/// Blocks that stay and take the tiles of queries in turn: AttentionPipeline with as many inputs.
template <class Spec> Stage queriesStage(const char *function, const Spec &spec, int64_t inputs) {
  constexpr int64_t stages = 2, barriers = 2 * (1 + 2 * stages);
  int64_t heads = headsPerTile(spec);
  int64_t tiles = ceilDiv(spec.seq_len, wgmmaTile / heads) * (spec.heads / heads) *
                  (spec.tokens / spec.seq_len);
  return {function,
          {std::min(tiles, stayingBlocks), 1, 1},
          wgmmaThreads,
          (inputs + 1) * tileBytes(wgmmaTile, spec.head_dim) +
              2 * stages * tileBytes(keysPerTile(spec, inputs == 1), spec.head_dim) +
              barrierBytes(barriers)};
}

/// A block a tile of keys of every row and group: AttentionGradKeys.
Stage keysStage(const AttentionGrad &spec) {
  constexpr int64_t queries = 64, stages = 3, terms = 3;
  int64_t tiles = ceilDiv(spec.seq_len, wgmmaTile) * spec.groups * (spec.tokens / spec.seq_len);
  return {"attention_grad_wgmma_keys",
          {tiles, 1, 1},
          wgmmaThreads,
          2 * tileBytes(wgmmaTile, spec.head_dim) +
              stages * (2 * tileBytes(queries, spec.head_dim) + terms * queries * 4) +
              barrierBytes(2 * stages + 1)};
}

} // namespace

std::vector<CudaVariant> variantsOf(const Attention &spec) {
  std::vector<CudaVariant> variants = {
      {"wgmma", "attention_wgmma.cuh", unmetByTensorCores(spec, 0), {}},
      {"generic", "attention.cuh", "", {tilesStage("attention_generic", spec, spec.heads, 3)}}};
  if (variants[0].unmet.empty())
    variants[0].stages = {queriesStage("attention_wgmma", spec, 1)};
  return variants;
}

std::vector<CudaVariant> variantsOf(const AttentionGrad &spec) {
  constexpr int64_t headsPerBlock = 64; // AttentionGradRows::heads_per_block
  std::vector<CudaVariant> variants = {
      {"wgmma", "attention_grad_wgmma.cuh", unmetByTensorCores(spec, spec.dv_stride), {}},
      {"generic",
       "attention.cuh",
       "",
       {tilesStage("attention_grad_generic_queries", spec, spec.heads, 4),
        tilesStage("attention_grad_generic_keys", spec, spec.groups, 4)}}};
  if (variants[0].unmet.empty())
    variants[0].stages = {
        blocksStage("attention_grad_wgmma_rows", ceilDiv(spec.tokens * spec.heads, headsPerBlock)),
        queriesStage("attention_grad_wgmma_queries", spec, 2), keysStage(spec)};
  return variants;
}

} // namespace step37::spec
