// The keys' side of attention's gradient on tensor cores: dk and dv. A block has a tile of keys of
// one KV head and goes through the queries of all its heads in order, so that every sum belongs to
// one warp. Scores are computed transposed, a line a key: weights and their gradients are then
// operands of the next products as they stand in registers. Keys and values are operands in shared
// memory: of keys that stood in registers while queries pass, ptxas 13.0 gave some to the
// gradients.
#pragma once

#include "attention_grad_rows.cuh"

namespace step37 {

template <class Spec> struct AttentionGradKeys {
  using Tiles = AttentionTiles<Spec>;
  using Choices = typename Spec::Launch;
  static constexpr int queries = int(Choices::key_queries), keys = 2 * warpgroup_lines,
                       stages = int(Choices::key_stages);
  static_assert(Choices::key_lines == keys && queries == 64, "two warpgroups compute");
  static constexpr int tokens = Tiles::tokens(queries),
                       group_parts = Tiles::group_heads / Tiles::heads_per_tile;
  using Queries = SwizzledTile<queries, Tiles::dim>;
  using Keys = SwizzledTile<keys, Tiles::dim>;

  // Shared memory: keys, values, queries and gradients of the outputs, terms and document starts of
  // the queries, barriers.
  static constexpr int queries_at = 2 * Keys::bytes, dout_at = queries_at + stages * Queries::bytes,
                       terms_at = dout_at + stages * Queries::bytes,
                       terms_bytes = 3 * queries * int(sizeof(float)),
                       barriers_at = terms_at + stages * terms_bytes;
  static_assert(Choices::key_shared_bytes == barriers_at + 16 * stages + 8);
  unsigned shared;
  __device__ Keys key_tile() const { return {shared}; }
  __device__ Keys value_tile() const { return {shared + Keys::bytes}; }
  __device__ Queries query_tile(int stage) const {
    return {shared + queries_at + stage * Queries::bytes};
  }
  __device__ Queries dout_tile(int stage) const {
    return {shared + dout_at + stage * Queries::bytes};
  }
  /// Term 0 or 1 of a line (attention_grad_rows.cuh), or, as 2, its document's start.
  __device__ unsigned term(int stage, int which, int line) const {
    return shared + terms_at + stage * terms_bytes + (which * queries + line) * 4;
  }
  __device__ unsigned full(int stage) const { return shared + barriers_at + stage * 16; }
  __device__ unsigned free(int stage) const { return full(stage) + 8; }
  __device__ unsigned keys_full() const { return full(stages); }

  /// By all threads, before the roles part.
  __device__ void start() const {
    if (threadIdx.x == 0) {
      barrier_init(keys_full(), warpgroup_size / warp_size);
      for (int i = 0; i < stages; ++i) {
        barrier_init(full(i), warpgroup_size / warp_size);
        barrier_init(free(i), 2 * warpgroup_size / warp_size);
      }
    }
    __syncthreads();
  }
};

/// The first of the tokens [from, end) whose document begins after `key`, or end. All lanes of a
/// warp search together.
__device__ inline int first_after_document(const int *document_start, int from, int end, int key) {
  int lane = threadIdx.x % warp_size;
  while (from < end) {
    int step = (end - from + warp_size - 1) / warp_size;
    int probe = from + (lane + 1) * step - 1; // the last of this lane's share
    bool before = probe < end && document_start[probe] <= key;
    from += __popc(__ballot_sync(0xffffffffu, before)) * step;
    end = min(end, from + step - 1);
  }
  return from;
}

/// A block's tile of keys and the tokens whose queries see them, from `first_token` on. First
/// tiles, which most causal queries see, come first.
template <class Spec> struct AttentionGradKeyTile {
  using Tiles = AttentionTiles<Spec>;
  using Keys = AttentionGradKeys<Spec>;
  int group, first_key, end_key, first_token, query_tiles;
  int64 row_start;

  __device__ AttentionGradKeyTile(const int *document_start) {
    TileOrder<Spec, int(Spec::groups), int(ceil_div(Tiles::seq_len, Keys::keys))> at(blockIdx.x);
    group = at.group;
    row_start = int64(at.row) * Tiles::seq_len;
    first_key = at.tile * Keys::keys;
    end_key = min(first_key + Keys::keys, Tiles::seq_len);
    first_token = 0;
    int end = Tiles::seq_len;
    if constexpr (Spec::causal) {
      first_token = first_key;
      end = min(end, end_key - 1 + Tiles::window);
      end = first_after_document(document_start + row_start, end_key - 1, end, end_key - 1);
    }
    query_tiles = (end - first_token + Keys::tokens - 1) / Keys::tokens;
  }
};

/// The copying warpgroup.
template <class Spec, class Arguments>
__device__ void attention_grad_keys_copy(AttentionGradKeys<Spec> at, const Arguments &arguments) {
  using Tiles = AttentionTiles<Spec>;
  using Keys = AttentionGradKeys<Spec>;
  constexpr int dim = Tiles::dim;
  const int *document_start = arguments.document_start();
  AttentionGradKeyTile<Spec> work(document_start);
  int64 first = work.row_start + work.first_key;
  int keys = work.end_key - work.first_key;
  CopyAnnouncer announcer;
  load_tile_async<1, dim>(at.key_tile(), arguments.k() + first * Tiles::k_stride + work.group * dim,
                          Tiles::k_stride, keys);
  load_tile_async<1, dim>(at.value_tile(),
                          arguments.v() + first * Spec::v_stride + work.group * dim, Spec::v_stride,
                          keys);
  announcer.started(at.keys_full());

  // Half of the threads copy a line's first term and its document's start, half its second term.
  int line = threadIdx.x % Keys::queries, which = threadIdx.x % warpgroup_size / Keys::queries,
      line_token = line / Tiles::heads_per_tile;
  int64 first_query = work.row_start + work.first_token;
  RingPosition<Keys::stages> ring;
  for (int part = 0; part < Keys::group_parts; ++part) {
    int head = work.group * Tiles::group_heads + part * Tiles::heads_per_tile;
    int64 query_at = first_query * Tiles::q_stride + head * dim;
    const bf16 *q = arguments.q() + query_at, *dout = arguments.dout() + query_at;
    const float *terms = arguments.workspace() + which * AttentionGradRows<Spec>::row_term_at +
                         (first_query + line_token) * Tiles::heads + head +
                         line % Tiles::heads_per_tile;
    const int *starts = document_start + first_query + line_token;
    int tokens = Tiles::seq_len - work.first_token; // that are left
    for (int tile = 0; tile < work.query_tiles; ++tile, ring.advance()) {
      barrier_wait(at.free(ring.stage), ring.parity ^ 1);
      load_tile_async<Tiles::heads_per_tile, dim>(at.query_tile(ring.stage), q, Tiles::q_stride,
                                                  tokens);
      load_tile_async<Tiles::heads_per_tile, dim>(at.dout_tile(ring.stage), dout, Tiles::q_stride,
                                                  tokens);
      copy_async_4(at.term(ring.stage, which, line), terms, line_token < tokens);
      if (Spec::causal && which == 0)
        copy_async_4(at.term(ring.stage, 2, line), starts, line_token < tokens);
      announcer.started(at.full(ring.stage));
      q += Keys::tokens * Tiles::q_stride;
      dout += Keys::tokens * Tiles::q_stride;
      terms += Keys::tokens * Tiles::heads;
      starts += Keys::tokens;
      tokens -= Keys::tokens;
    }
  }
  announcer.finish();
}

/// A 4-byte value, or two neighbouring ones, of shared memory.
template <class T> __device__ void load_shared(unsigned from, T &to) {
  unsigned word;
  asm volatile("ld.shared.b32 %0, [%1];" : "=r"(word) : "r"(from) : "memory");
  to = __builtin_bit_cast(T, word);
}
template <class T> __device__ void load_shared(unsigned from, T (&to)[2]) {
  unsigned words[2];
  asm volatile("ld.shared.v2.b32 {%0, %1}, [%2];"
               : "=r"(words[0]), "=r"(words[1])
               : "r"(from)
               : "memory");
  to[0] = __builtin_bit_cast(T, words[0]);
  to[1] = __builtin_bit_cast(T, words[1]);
}

/// Calls body(j, values) for each sums[4·j … 4·j+3] of a thread with the 4-byte values of its two
/// columns; those of all columns stand at `from`.
template <class T, int n, class Body> __device__ void for_each_columns(unsigned from, Body body) {
#pragma unroll
  for (int j = 0; j < n / 4; ++j) {
    T values[2];
    load_shared(from + (8 * j + first_column()) * 4, values);
    body(j, values);
  }
}

/// A computing warpgroup: keys 64·half and on of the tile.
template <class Spec, class Arguments>
__device__ void attention_grad_keys_compute(AttentionGradKeys<Spec> at, const Arguments &arguments,
                                            int half) {
  using Tiles = AttentionTiles<Spec>;
  using Keys = AttentionGradKeys<Spec>;
  constexpr int dim = Tiles::dim, sums = Keys::queries / 2;
  AttentionGradKeyTile<Spec> work(arguments.document_start());
  int first_line = half * warpgroup_lines, first_key = work.first_key + first_line,
      last_key = first_key + warpgroup_lines - 1;
  float dk[dim / 2], dv[dim / 2];
#pragma unroll
  for (int j = 0; j < dim / 2; ++j)
    dk[j] = dv[j] = 0;

  /// One tile of queries, from `first_token` on.
  auto add = [&](int stage, int first_token) {
    int last_token = min(first_token + Keys::tokens, Tiles::seq_len) - 1;
    auto seen_from = [&](int token) { // the first key that the causal query sees
      int start;
      load_shared(at.term(stage, 2, (token - first_token) * Tiles::heads_per_tile), start);
      return Tiles::first_key(token, start);
    };
    bool none = Spec::causal ? last_token < first_key || seen_from(first_token) > last_key
                             : first_key >= work.end_key;
    if (none)
      return; // no query sees any of the warpgroup's keys
    float weights[sums], dweights[sums];
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < dim / 16; ++step)
      wgmma_shared(weights, at.key_tile().lines_from(first_line, step),
                   at.query_tile(stage).lines_from(0, step), step > 0);
    wgmma_commit();
#pragma unroll
    for (int step = 0; step < dim / 16; ++step)
      wgmma_shared(dweights, at.value_tile().lines_from(first_line, step),
                   at.dout_tile(stage).lines_from(0, step), step > 0);
    wgmma_commit();
    wgmma_wait<1>(weights);
    for_each_columns<float, sums>(at.term(stage, 0, 0), [&](int j, const float (&offset)[2]) {
#pragma unroll
      for (int e = 0; e < 4; ++e)
        weights[4 * j + e] =
            exp2_fast(weights[4 * j + e] * attention_exponent<Spec> - offset[e % 2]);
    });
    if (Spec::causal && (first_token < last_key || seen_from(last_token) > first_key))
      for_each_columns<int, sums>(at.term(stage, 2, 0), [&](int j, const int (&start)[2]) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          int token = first_token + (8 * j + first_column() + e % 2) / Tiles::heads_per_tile,
              key = first_key + warpgroup_line() + e / 2 * 8;
          if (key > token || key < Tiles::first_key(token, start[e % 2]))
            weights[4 * j + e] = 0;
        }
      });
    wgmma_wait<0>(dweights);
    for_each_columns<float, sums>(at.term(stage, 1, 0), [&](int j, const float (&row_term)[2]) {
#pragma unroll
      for (int e = 0; e < 4; ++e)
        dweights[4 * j + e] = weights[4 * j + e] * (dweights[4 * j + e] - row_term[e % 2]);
    });
    unsigned dv_operand[sums / 2], dk_operand[sums / 2];
    pack_operand(weights, dv_operand);
    pack_operand(dweights, dk_operand);
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < Keys::queries / 16; ++step)
      wgmma_registers<true>(dv, dv_operand + 4 * step, at.dout_tile(stage).columns_from(step),
                            true);
#pragma unroll
    for (int step = 0; step < Keys::queries / 16; ++step)
      wgmma_registers<true>(dk, dk_operand + 4 * step, at.query_tile(stage).columns_from(step),
                            true);
    wgmma_commit();
    wgmma_wait<0>(dk, dv, dv_operand, dk_operand);
  };

  RingPosition<Keys::stages> ring;
  barrier_wait(at.keys_full(), 0);
  for (int part = 0; part < Keys::group_parts; ++part)
    for (int tile = 0; tile < work.query_tiles; ++tile, ring.advance()) {
      barrier_wait(at.full(ring.stage), ring.parity);
      add(ring.stage, work.first_token + tile * Keys::tokens);
      barrier_arrive_warp(at.free(ring.stage));
    }

  // A warpgroup's own lines of keys and values make room for its results.
  put_sums(at.key_tile(), first_line, dk, {float(Spec::scale), float(Spec::scale)});
  put_sums(at.value_tile(), first_line, dv, {1.0f, 1.0f});
  named_barrier<warpgroup_size>(1 + half);
  int64 first = work.row_start + first_key;
  int keys = work.end_key - first_key;
  store_lines<1, dim>(at.key_tile(), first_line,
                      arguments.dk() + first * Tiles::k_stride + work.group * dim, Tiles::k_stride,
                      keys);
  store_lines<1, dim>(at.value_tile(), first_line,
                      arguments.dv() + first * Spec::dv_stride + work.group * dim, Spec::dv_stride,
                      keys);
}

/// One block, of three warpgroups, for each tile of keys of each group. Needs what
/// attention_grad_wgmma_rows wrote.
template <class Spec, class Arguments>
__device__ void attention_grad_wgmma_keys(const Arguments &arguments) {
  extern __shared__ __align__(1024) unsigned char shared[];
  AttentionGradKeys<Spec> at{shared_address(shared)};
  at.start();
  part_roles([&] { attention_grad_keys_copy<Spec>(at, arguments); },
             [&](int half) { attention_grad_keys_compute<Spec>(at, arguments, half); });
}

} // namespace step37
