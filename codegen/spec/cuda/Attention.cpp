// GPU variants of attention and its gradient.
#include "codegen/spec/cuda/Launch.h"

#include <algorithm>

namespace step37::spec {
namespace {

/// Blocks of the generic variant: a tile of queries or keys of every row and every one of `count`
/// heads or groups, with `tiles` tiles of head_dim + 1 floats a line in shared memory.
template <class Spec>
Stage tilesStage(const char *function, const Spec &spec, int64_t count, int64_t tiles,
                 const TileLaunch &config) {
  return {function,
          {ceilDiv(spec.seq_len, config.tile), count, spec.tokens / spec.seq_len},
          config.threads,
          tiles * config.tile * (spec.head_dim + 1) * int64_t(sizeof(float))};
}

/// 32 lines: one for each lane of a warp.
constexpr TileLaunch genericTiles{.tile = 32, .depth = 1};

// The variant on tensor cores: attention_tiles.cuh, attention_pipeline.cuh, attention_grad_*.cuh.

/// Bytes of a tile in shared memory (SwizzledTile) and of a number of barriers.
int64_t tileBytes(int64_t lines, int64_t columns) { return ceilDiv(columns, 64) * lines * 128; }
int64_t barrierBytes(int64_t count) { return count * 8; }

/// The largest power of two up to 16 that divides a group's heads.
template <class Spec> int64_t headsPerTile(const Spec &spec) {
  int64_t heads = 16;
  while (spec.heads / spec.groups % heads != 0)
    heads /= 2;
  return heads;
}

/// Keys that a tile of queries takes at once: of two sizes the one that a window, or a row that is
/// seen as a whole, fills better. With `wide` there are registers for the larger sizes.
template <class Spec>
int64_t keysPerTile(const Spec &spec, int64_t lines, int64_t headsOfTile, bool wide) {
  if (spec.causal && (spec.window == 0 || spec.window >= spec.seq_len))
    return 128;
  int64_t span = spec.causal ? spec.window + lines / headsOfTile - 1 : spec.seq_len;
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

/// Tiles of queries of all heads and rows.
template <class Spec, class Config> int64_t queryTiles(const Spec &spec, const Config &config) {
  return ceilDiv(spec.seq_len, config.lines / config.heads_per_tile) *
         (spec.heads / config.heads_per_tile) * (spec.tokens / spec.seq_len);
}

/// Chooses how queries are taken, with so many `inputs` in the size of queries: AttentionPipeline.
template <class Spec, class Config>
void chooseQueries(const Spec &spec, int64_t inputs, Config &config) {
  config.heads_per_tile = headsPerTile(spec);
  config.keys = keysPerTile(spec, config.lines, config.heads_per_tile, inputs == 1);
  config.blocks = std::min(queryTiles(spec, config), h200.multiprocessors);
  config.shared_bytes = (inputs + 1) * tileBytes(config.lines, spec.head_dim) +
                        2 * config.stages * tileBytes(config.keys, spec.head_dim) +
                        barrierBytes(2 * (1 + 2 * config.stages));
}

AttentionLaunch launchOf(const Attention &spec) {
  AttentionLaunch config;
  chooseQueries(spec, 1, config);
  return config;
}

AttentionGradLaunch launchOf(const AttentionGrad &spec) {
  constexpr int64_t terms = 3, floatBytes = 4;
  AttentionGradLaunch config;
  chooseQueries(spec, 2, config);
  config.key_shared_bytes = 2 * tileBytes(config.key_lines, spec.head_dim) +
                            config.key_stages * (2 * tileBytes(config.key_queries, spec.head_dim) +
                                                 terms * config.key_queries * floatBytes) +
                            barrierBytes(2 * config.key_stages + 1);
  return config;
}

/// The default and the same with fewer blocks, which leaves multiprocessors to an exchange.
template <class Config> std::vector<Config> withFewerBlocks(const Config &config) {
  std::vector<Config> configs = {config};
  if (constexpr int64_t spared = 4; config.blocks == h200.multiprocessors) {
    configs.push_back(config);
    configs.back().blocks -= spared;
  }
  return configs;
}

} // namespace

std::vector<CudaVariant> variantsOf(const Attention &spec) {
  std::string unmet = unmetByTensorCores(spec, 0);
  AttentionLaunch config = unmet.empty() ? launchOf(spec) : AttentionLaunch();
  return {
      variantUnless(
          unmet, "wgmma", "attention_wgmma.cuh", withFewerBlocks(config),
          [](const AttentionLaunch &config) {
            return std::vector<Stage>{
                {"attention_wgmma", {config.blocks, 1, 1}, config.threads, config.shared_bytes}};
          }),
      variantWith(
          "generic", "attention.cuh", std::vector{genericTiles}, [spec](const TileLaunch &config) {
            return std::vector<Stage>{tilesStage("attention_generic", spec, spec.heads, 3, config)};
          })};
}

std::vector<CudaVariant> variantsOf(const AttentionGrad &spec) {
  std::string unmet = unmetByTensorCores(spec, spec.dv_stride);
  AttentionGradLaunch config = unmet.empty() ? launchOf(spec) : AttentionGradLaunch();
  auto fast = [spec](const AttentionGradLaunch &config) {
    int64_t keyTiles =
        ceilDiv(spec.seq_len, config.key_lines) * spec.groups * (spec.tokens / spec.seq_len);
    return std::vector<Stage>{
        blocksStage("attention_grad_wgmma_rows",
                    ceilDiv(spec.tokens * spec.heads, config.row_pairs), config.row_threads),
        {"attention_grad_wgmma_queries",
         {config.blocks, 1, 1},
         config.threads,
         config.shared_bytes},
        {"attention_grad_wgmma_keys", {keyTiles, 1, 1}, config.threads, config.key_shared_bytes}};
  };
  auto generic = [spec](const TileLaunch &config) {
    return std::vector<Stage>{
        tilesStage("attention_grad_generic_queries", spec, spec.heads, 4, config),
        tilesStage("attention_grad_generic_keys", spec, spec.groups, 4, config)};
  };
  return {variantUnless(unmet, "wgmma", "attention_grad_wgmma.cuh", withFewerBlocks(config), fast),
          variantWith("generic", "attention.cuh", std::vector{genericTiles}, generic)};
}

} // namespace step37::spec
