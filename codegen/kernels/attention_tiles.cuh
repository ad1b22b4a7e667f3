// How the tensor-core variants of attention cut their work: tiles of queries, which keys a tile
// sees, and the way of tiles to and from shared memory. What is done with them is
// attention_pipeline.cuh (by queries) and attention_grad_keys.cuh (by keys).
//
// A tile of queries holds several heads of one KV head for each of its tokens, since these use the
// same keys: line r is head r % heads_per_tile of token r / heads_per_tile. That narrows the range
// of tokens, and with it the part of a tile of keys that a window or the diagonal masks.
//
// Which keys a query sees is one of two forms, known at compile time: causal ones see a window of
// their document, the others their whole row, of which only the last tile of keys needs a mask.
#pragma once

#include "vector.cuh"
#include "wgmma.cuh"

namespace step37 {

constexpr float log2_e = 1.4426950408889634f;

/// Lines of a tile of queries that a warpgroup has.
constexpr int warpgroup_lines = 64;

template <class Spec> struct AttentionTiles {
  static constexpr int dim = int(Spec::head_dim), heads = int(Spec::heads),
                       group_heads = int(Spec::heads / Spec::groups), seq_len = int(Spec::seq_len);
  static constexpr int heads_per_tile = int(Spec::Launch::heads_per_tile);
  static_assert(group_heads % heads_per_tile == 0, "heads of a tile use the same keys");
  /// Tiles that it takes to cover all heads of a token.
  static constexpr int parts = heads / heads_per_tile;
  static constexpr int q_stride = heads * dim, k_stride = int(Spec::groups) * dim;
  static constexpr int rows = int(Spec::tokens / Spec::seq_len);

  static constexpr int window = Spec::window > 0 && Spec::window < Spec::seq_len ? int(Spec::window)
                                                                                 : seq_len;

  /// Tokens of a tile of so many lines.
  static __host__ __device__ constexpr int tokens(int lines) { return lines / heads_per_tile; }

  /// The first key that a causal query at `token` of a row sees; the last one is its own. Neither
  /// grows smaller along a row, since documents follow one another.
  static __device__ int first_key(int token, int document_start) {
    return max(document_start, token - window + 1);
  }
  /// The same for either form, from the starts of the row's documents, and one past the last key.
  static __device__ int first_key(int token, const int *document_start) {
    if constexpr (Spec::causal)
      return first_key(token, document_start[token]);
    return 0;
  }
  static __device__ int end_key(int token) { return Spec::causal ? token + 1 : seq_len; }
};

/// What scores are multiplied with before exp2.
template <class Spec> inline constexpr float attention_exponent = float(Spec::scale) * log2_e;

/// The first column of sums that a thread has, and the first of its two lines; the other one is 8
/// lines below.
__device__ inline int first_column() { return threadIdx.x % 4 * 2; }
__device__ inline int warpgroup_line() {
  return threadIdx.x % warpgroup_size / warp_size * 16 + threadIdx.x % warp_size / 4;
}

/// A line of a tile of queries: where its data are. Tokens count from the row's first.
template <class Spec> struct QueryLine {
  int token, head;
  __device__ QueryLine(int first_token, int part, int line)
      : token(first_token + line / AttentionTiles<Spec>::heads_per_tile),
        head(part * AttentionTiles<Spec>::heads_per_tile +
             line % AttentionTiles<Spec>::heads_per_tile) {}
  __device__ bool inside() const { return token < AttentionTiles<Spec>::seq_len; }
};

/// In which order a row's tiles are taken, for every one of `groups` of heads and every row. Causal
/// tiles differ in their work: large ones of all rows come first, so that small ones fill the end.
/// The others follow one another while what they all read is in the second-level cache.
template <class Spec, int groups, int tiles> struct TileOrder {
  int tile, group, row;
  __device__ TileOrder(int number) {
    constexpr int others = groups * AttentionTiles<Spec>::rows;
    tile = Spec::causal ? number / others : number % tiles;
    int other = Spec::causal ? number % others : number / tiles;
    group = other % groups;
    row = other / groups;
  }
};

/// A tile of `lines` queries and the keys that it sees, `keys` at a time. Numbers count from a
/// row's last tile on, which sees most keys.
template <class Spec, int lines, int keys> struct QueryTile {
  using Tiles = AttentionTiles<Spec>;
  static constexpr int tokens = Tiles::tokens(lines),
                       row_tiles = int(ceil_div(Tiles::seq_len, tokens)),
                       count = row_tiles * Tiles::parts * Tiles::rows;
  int part, first_token, end_token, first_key, key_tiles;
  int64 row_start;

  __device__ QueryTile(const int *document_start, int number) {
    TileOrder<Spec, Tiles::parts, row_tiles> at(number);
    part = at.group;
    row_start = int64(at.row) * Tiles::seq_len;
    first_token = (row_tiles - 1 - at.tile) * tokens;
    end_token = min(first_token + tokens, Tiles::seq_len);
    first_key = Tiles::first_key(first_token, document_start + row_start);
    key_tiles = (Tiles::end_key(end_token - 1) - first_key + keys - 1) / keys;
  }
  __device__ int group() const { return part * Tiles::heads_per_tile / Tiles::group_heads; }
  /// Element of the first line in a matrix of queries.
  __device__ int64 query_at() const {
    return (row_start + first_token) * Tiles::q_stride + part * Tiles::heads_per_tile * Tiles::dim;
  }
  /// Element of the first key's row in a matrix of keys or values.
  __device__ int64 key_at(int64 stride) const {
    return (row_start + first_key) * stride + group() * Tiles::dim;
  }
};

/// Which keys a thread's two lines of a tile of queries see. Keys count from the tile's first one.
template <class Spec> struct SeenKeys {
  int first[2], last[2]; // of each line, counted from the thread's first column
  int all_from, all_to;  // keys in between are seen by every line of the tile

  template <int lines, int keys>
  __device__ SeenKeys(const QueryTile<Spec, lines, keys> &tile, const int *document_start,
                      int line) {
    using Tiles = AttentionTiles<Spec>;
    document_start += tile.row_start;
    auto first_key = [&](int token) {
      return Tiles::first_key(token, document_start) - tile.first_key;
    };
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      int token = QueryLine<Spec>(tile.first_token, tile.part, line + 8 * i).token;
      first[i] = first_key(min(token, tile.end_token - 1)) - first_column();
      last[i] = Tiles::end_key(token) - 1 - tile.first_key - first_column();
    }
    all_from = first_key(tile.end_token - 1);
    all_to = Tiles::end_key(tile.first_token) - 1 - tile.first_key;
  }

  /// Whether some line does not see some of the `count` keys from `key` on.
  __device__ bool masks(int key, int count) const {
    return key < all_from || key + count - 1 > all_to;
  }

  /// Scores of keys from `key` on that a line does not see become −∞.
  template <int n> __device__ void mask(float (&scores)[n], int key) const {
#pragma unroll
    for (int j = 0; j < n; ++j) {
      int i = j / 2 % 2, column = key + j / 4 * 8 + j % 2;
      if ((Spec::causal && column < first[i]) || column > last[i])
        scores[j] = -infinity();
    }
  }
};

/// Copies of a warpgroup: thread t has chunk t % 8 of every panel in the lines t/8 + 16·i.
constexpr int copy_lines = warpgroup_size / 8;

/// Starts to copy a tile. Line r comes from from[r / per_token·token_stride + r % per_token·dim]
/// and is zero where r / per_token ≥ tokens.
template <int per_token, int dim, int lines, int columns>
__device__ void load_tile_async(SwizzledTile<lines, columns> tile, const bf16 *from,
                                int64 token_stride, int tokens) {
  using Tile = SwizzledTile<lines, columns>;
  static_assert(per_token <= copy_lines, "a step of copy_lines lines is a whole number of tokens");
  int line = threadIdx.x % warpgroup_size / 8, chunk = threadIdx.x % 8;
  from += line / per_token * token_stride + line % per_token * dim + chunk * 8;
  tokens -= line / per_token;
  unsigned to = tile.at(line, chunk);
#pragma unroll
  for (int i = 0; i < lines / copy_lines; ++i) {
#pragma unroll
    for (int panel = 0; panel < Tile::panels; ++panel)
      if (panel * 8 + chunk < dim / 8)
        copy_async_16(to + panel * Tile::panel_bytes, from + panel * 64, tokens > 0);
    to += copy_lines * Tile::line_bytes;
    from += copy_lines / per_token * token_stride;
    tokens -= copy_lines / per_token;
    asm volatile("" : "+l"(from)); // else the compiler keeps an address for each copy
  }
}

/// Rounds a warpgroup's 64 × dim sums, those of a thread's two lines times a factor each, and
/// puts them into the tile from `first_line` on.
template <int n, int lines, int columns>
__device__ void put_sums(SwizzledTile<lines, columns> tile, int first_line, const float (&sums)[n],
                         const float (&factor)[2]) {
#pragma unroll
  for (int j = 0; j < n / 4; ++j)
#pragma unroll
    for (int i = 0; i < 2; ++i)
      asm volatile(
          "st.shared.b32 [%0], %1;" ::"r"(tile.at(first_line + warpgroup_line() + 8 * i, j) +
                                          2 * first_column()),
          "r"(pack_bf16(sums[4 * j + 2 * i] * factor[i], sums[4 * j + 2 * i + 1] * factor[i]))
          : "memory");
}

/// A warpgroup stores 64 lines of a tile from `first_line` on, that line at `to`, as
/// load_tile_async reads them.
template <int per_token, int dim, int lines, int columns>
__device__ void store_lines(SwizzledTile<lines, columns> tile, int first_line, bf16 *to,
                            int64 token_stride, int tokens) {
  using Tile = SwizzledTile<lines, columns>;
  int line = threadIdx.x % warpgroup_size / 8, chunk = threadIdx.x % 8;
  to += line / per_token * token_stride + line % per_token * dim + chunk * 8;
  tokens -= line / per_token;
  unsigned from = tile.at(first_line + line, chunk);
#pragma unroll
  for (int panel = 0; panel < Tile::panels; ++panel)
    if (panel * 8 + chunk < dim / 8)
#pragma unroll
      for (int i = 0; i < warpgroup_lines / copy_lines; ++i)
        if (i * (copy_lines / per_token) < tokens) {
          unsigned words[4];
          asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
                       : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                       : "r"(from + panel * Tile::panel_bytes + i * copy_lines * Tile::line_bytes)
                       : "memory");
          store_words(to + i * (copy_lines / per_token) * token_stride + panel * 64, words);
        }
}

/// Parts a block of three warpgroups: the first one copies and leaves registers to the others,
/// which each compute a half.
template <class Copy, class Compute> __device__ void part_roles(Copy copy, Compute compute) {
  int warpgroup = __shfl_sync(0xffffffffu, threadIdx.x / warpgroup_size, 0);
  if (warpgroup == 0) {
    lower_registers<40>();
    copy();
  } else {
    raise_registers<232>();
    compute(warpgroup - 1);
  }
}

/// A copying role's side of a ring: a buffer is announced as full when its copies have landed,
/// which is looked at when the next one's have been started.
class CopyAnnouncer {
public:
  /// The copies started since the last call fill the buffer of this barrier (one arrival a warp).
  __device__ void started(unsigned full) {
    copy_async_commit();
    if (any)
      announce<1>();
    waiting = full;
    any = true;
  }
  __device__ void finish() { announce<0>(); }

private:
  /// The buffer's copies are over when at most `pending` later groups are under way.
  template <int pending> __device__ void announce() {
    copy_async_wait<pending>();
    fence_for_tensor_cores();
    barrier_arrive_warp(waiting);
  }
  bool any = false;
  unsigned waiting; // barrier
};

/// 2^x, 0 for −∞.
__device__ inline float exp2_fast(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

/// Sum, or maximum, over the four lanes that have a line.
__device__ inline float line_sum(float value) {
  value += __shfl_xor_sync(0xffffffffu, value, 1);
  return value + __shfl_xor_sync(0xffffffffu, value, 2);
}
__device__ inline float line_max(float value) {
  value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, 1));
  return fmaxf(value, __shfl_xor_sync(0xffffffffu, value, 2));
}

} // namespace step37
