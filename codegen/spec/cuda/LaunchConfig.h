// Launch choices as typed data: how a variant cuts its work. They are made once, at selection,
// stored in the plan, and printed into the stub as `struct Launch`, which the template reads: it
// has no tile, stage count or block size of its own, or asserts that it is the one it was written
// for. Grids and shared memory follow from spec and choices in one place (the variant's `stages`).
#pragma once

#include "codegen/spec/Fields.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string_view>
#include <variant>

namespace step37::spec {

/// What choices depend on: the GPU that plans are made for. The one place with its numbers.
struct GpuLimits {
  int64_t multiprocessors = 132;
  int64_t sharedBytesPerBlock = 227 * 1024;
};
inline constexpr GpuLimits h200;

// Every struct below has a `kind`, its name in the plan, and STEP37_FIELDS. `threads` is the size
// of blocks whose stage does not say otherwise.

/// Nothing but the size of blocks.
struct BlockLaunch {
  static constexpr std::string_view kind = "block";
  int64_t threads = 256;
  STEP37_FIELDS(threads)
};

/// Sums over rows in two launches: blocks of `row_threads`, each with `rows_per_part` rows (the
/// spec's rowsPerBlock), leave parts; then a block for each `columns` columns adds them.
struct PartSumsLaunch {
  static constexpr std::string_view kind = "part_sums";
  int64_t threads = 256, row_threads = 256, rows_per_part = 64, columns = 32;
  STEP37_FIELDS(threads, row_threads, rows_per_part, columns)
};

/// Query and key heads of a token: `token_threads` share it.
struct HeadsLaunch {
  static constexpr std::string_view kind = "heads";
  int64_t threads = 256, token_threads = 64;
  STEP37_FIELDS(threads, token_threads)
};

/// Both of the last.
struct HeadsGradLaunch {
  static constexpr std::string_view kind = "heads_grad";
  int64_t threads = 256, row_threads = 512, rows_per_part = 64, columns = 32, token_threads = 64;
  STEP37_FIELDS(threads, row_threads, rows_per_part, columns, token_threads)
};

/// Tiles of `tile` × `tile` (of attention: `tile` queries or keys), `depth` at a time.
struct TileLaunch {
  static constexpr std::string_view kind = "tile";
  int64_t threads = 256, tile = 64, depth = 16;
  STEP37_FIELDS(threads, tile, depth)
};

/// A counting sort: slots in `tiles` of `tile_slots`, the last one with the rest.
struct SortLaunch {
  static constexpr std::string_view kind = "sort";
  int64_t threads = 256, scan_threads = 1024, place_threads = 32, tile_slots = 1024, tiles = 1;
  STEP37_FIELDS(threads, scan_threads, place_threads, tile_slots, tiles)
};

/// Attention by tiles of `lines` queries, `heads_per_tile` heads for each of their tokens, and
/// `keys` at a time in rings of `stages`; `blocks` stay and take tiles in turn.
struct AttentionLaunch {
  static constexpr std::string_view kind = "attention";
  int64_t threads = 384, lines = 128, heads_per_tile = 1, keys = 128, stages = 2, blocks = 1,
          shared_bytes = 0;
  STEP37_FIELDS(threads, lines, heads_per_tile, keys, stages, blocks, shared_bytes)
};

/// Its gradient: `row_pairs` pairs of a token and a head a block of `row_threads`; by queries as
/// above; by tiles of `key_lines` keys, `key_queries` queries at a time in a ring of `key_stages`.
struct AttentionGradLaunch {
  static constexpr std::string_view kind = "attention_grad";
  int64_t threads = 384, row_threads = 256, row_pairs = 64;
  int64_t lines = 128, heads_per_tile = 1, keys = 128, stages = 2, blocks = 1, shared_bytes = 0;
  int64_t key_lines = 128, key_queries = 64, key_stages = 3, key_shared_bytes = 0;
  STEP37_FIELDS(threads, row_threads, row_pairs, lines, heads_per_tile, keys, stages, blocks,
                shared_bytes, key_lines, key_queries, key_stages, key_shared_bytes)
};

/// A product of f32 operands in bf16 parts: tiles of `tile` × `tile`, `depth` at a time in a ring
/// of `stages`; `shares` blocks share a tile along the depth, and `blocks` take tiles in turn.
struct SplitGemmLaunch {
  static constexpr std::string_view kind = "split_gemm";
  int64_t threads = 384, part_threads = 256, tile = 128, depth = 64, stages = 1, shares = 1,
          blocks = 1, shared_bytes = 0;
  STEP37_FIELDS(threads, part_threads, tile, depth, stages, shares, blocks, shared_bytes)
};

/// Products over experts' rows: tiles of `rows` × `cols`, `depth` at a time in a ring of `stages`,
/// `blocks` that take them in turn.
struct GroupedLaunch {
  static constexpr std::string_view kind = "grouped";
  int64_t threads = 384, rows = 128, cols = 256, depth = 64, stages = 4, blocks = 1,
          shared_bytes = 0;
  STEP37_FIELDS(threads, rows, cols, depth, stages, blocks, shared_bytes)
};

using LaunchConfig =
    std::variant<BlockLaunch, PartSumsLaunch, HeadsLaunch, HeadsGradLaunch, TileLaunch, SortLaunch,
                 AttentionLaunch, AttentionGradLaunch, SplitGemmLaunch, GroupedLaunch>;

/// {"kind": …, and its fields}.
nlohmann::ordered_json toJson(const LaunchConfig &config);

/// Inverse of toJson. Throws Error "launch.<field>: what is wrong".
LaunchConfig parseLaunch(const nlohmann::json &json);

} // namespace step37::spec
