// The frame of attention's kernels by queries (attention_wgmma.cuh, attention_grad_queries.cuh): a
// block stays on its multiprocessor and takes tiles of queries in turn. One warpgroup copies the
// tiles' inputs, and keys and values in two rings; two warpgroups compute, 64 lines each.
#pragma once

#include "attention_tiles.cuh"

namespace step37 {

/// Shared memory: `inputs` tiles of queries, their results, keys, values, barriers.
template <class Spec, int inputs> struct AttentionPipeline {
  using Tiles = AttentionTiles<Spec>;
  using Choices = typename Spec::Launch;
  static constexpr int queries = 2 * warpgroup_lines, keys = int(Choices::keys),
                       stages = int(Choices::stages);
  static_assert(Choices::lines == queries, "two warpgroups compute");
  using Work = QueryTile<Spec, queries, keys>;
  using Queries = SwizzledTile<queries, Tiles::dim>;
  using Keys = SwizzledTile<keys, Tiles::dim>;
  static constexpr int keys_at = (inputs + 1) * Queries::bytes,
                       values_at = keys_at + stages * Keys::bytes,
                       barriers_at = values_at + stages * Keys::bytes;
  static_assert(Choices::shared_bytes == barriers_at + 16 * (1 + 2 * stages));
  unsigned shared;

  __device__ Queries input(int index) const { return {shared + index * Queries::bytes}; }
  __device__ Queries results() const { return input(inputs); }
  __device__ Keys key_tile(int stage) const { return {shared + keys_at + stage * Keys::bytes}; }
  __device__ Keys value_tile(int stage) const { return {shared + values_at + stage * Keys::bytes}; }

  /// The barriers of a buffer: it is full; it is free.
  struct Buffer {
    unsigned full, free;
  };
  __device__ Buffer inputs_buffer() const { return buffer(0); }
  __device__ Buffer key_buffer(int stage) const { return buffer(1 + stage); }
  __device__ Buffer value_buffer(int stage) const { return buffer(1 + stages + stage); }

  /// By all threads, before the roles part.
  __device__ void start() const {
    if (threadIdx.x == 0)
      for (int i = 0; i < 1 + 2 * stages; ++i) {
        barrier_init(buffer(i).full, warpgroup_size / warp_size);
        barrier_init(buffer(i).free, 2 * warpgroup_size / warp_size);
      }
    __syncthreads();
  }

  /// The copying warpgroup. `sources`: the inputs, matrices of queries. Values have rows
  /// Spec::v_stride apart.
  __device__ void copy(const bf16 *const (&sources)[inputs], const bf16 *k, const bf16 *v,
                       const int *document_start) const {
    CopyAnnouncer announcer;
    RingPosition<1> input_ring;
    RingPosition<stages> ring;
    for (int number = blockIdx.x; number < Work::count; number += gridDim.x) {
      Work work(document_start, number);
      const bf16 *key_rows = k + work.key_at(Tiles::k_stride),
                 *value_rows = v + work.key_at(Spec::v_stride);
      for (int tile = 0; tile < work.key_tiles; ++tile, ring.advance()) {
        int count = Tiles::seq_len - work.first_key - tile * keys;
        barrier_wait(key_buffer(ring.stage).free, ring.parity ^ 1);
        load_tile_async<1, Tiles::dim>(key_tile(ring.stage), key_rows, Tiles::k_stride, count);
        announcer.started(key_buffer(ring.stage).full);
        if (tile == 0) { // behind keys, so that the last values are announced before this waits
          barrier_wait(inputs_buffer().free, input_ring.parity ^ 1);
#pragma unroll
          for (int i = 0; i < inputs; ++i)
            load_tile_async<Tiles::heads_per_tile, Tiles::dim>(
                input(i), sources[i] + work.query_at(), Tiles::q_stride,
                work.end_token - work.first_token);
          announcer.started(inputs_buffer().full);
          input_ring.advance();
        }
        barrier_wait(value_buffer(ring.stage).free, ring.parity ^ 1);
        load_tile_async<1, Tiles::dim>(value_tile(ring.stage), value_rows, Spec::v_stride, count);
        announcer.started(value_buffer(ring.stage).full);
        key_rows += keys * Tiles::k_stride;
        value_rows += keys * Spec::v_stride;
      }
    }
    announcer.finish();
  }

  /// Whether a computing warpgroup has lines of a tile; in a row's last one it may have none, and
  /// lets the tile's buffers pass. Pays where products and not softmax fill the time.
  static __device__ bool has_lines(const Work &work, int half) {
    return work.first_token + half * Tiles::tokens(warpgroup_lines) < Tiles::seq_len;
  }

  __device__ void pass(const Work &work, RingPosition<1> &input_ring,
                       RingPosition<stages> &key_ring, RingPosition<stages> &value_ring) const {
    auto pass_buffer = [](const Buffer &buffer, auto &ring) {
      barrier_wait(buffer.full, ring.parity);
      barrier_arrive_warp(buffer.free);
      ring.advance();
    };
    pass_buffer(inputs_buffer(), input_ring);
    for (int tile = 0; tile < work.key_tiles; ++tile) {
      pass_buffer(key_buffer(key_ring.stage), key_ring);
      pass_buffer(value_buffer(value_ring.stage), value_ring);
    }
  }

  /// A computing warpgroup's results of a tile, its lines' sums times a factor each, go to `to`, a
  /// matrix of queries.
  template <int n>
  __device__ void store(const Work &work, int half, const float (&sums)[n],
                        const float (&factor)[2], bf16 *to) const {
    constexpr int half_tokens = Tiles::tokens(warpgroup_lines);
    named_barrier<warpgroup_size>(1 + half); // the last tile's results have been read
    put_sums(results(), half * warpgroup_lines, sums, factor);
    named_barrier<warpgroup_size>(1 + half);
    store_lines<Tiles::heads_per_tile, Tiles::dim>(
        results(), half * warpgroup_lines,
        to + work.query_at() + half * half_tokens * Tiles::q_stride, Tiles::q_stride,
        work.end_token - work.first_token - half * half_tokens);
  }

private:
  __device__ Buffer buffer(int index) const {
    unsigned at = shared + barriers_at + index * 16;
    return {at, at + 8};
  }
};

} // namespace step37
