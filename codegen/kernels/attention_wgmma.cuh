// Attention on Hopper's tensor cores (family attention, variant wgmma): bf16, f32 sums. Scores of
// the next keys run on the tensor cores with the values' product of the last ones, and the softmax
// of one warpgroup meanwhile with the products of the other.
#pragma once

#include "attention_pipeline.cuh"

namespace step37 {

/// The running softmax of a thread's two lines. Maxima are of unscaled scores; `total` is of this
/// thread's columns only.
template <class Spec> struct AttentionSoftmax {
  float maximum[2], total[2], rescale[2];

  __device__ void start() {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      maximum[i] = -infinity();
      total[i] = 0;
    }
  }

  /// Scores become weights relative to the new maximum; `rescale` is what older ones change by.
  template <int n> __device__ void add(float (&scores)[n]) {
    constexpr float factor = attention_exponent<Spec>;
    float offset[2];
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      float largest = maximum[i];
#pragma unroll
      for (int j = 2 * i; j < n; j += 4)
        largest = fmaxf(largest, fmaxf(scores[j], scores[j + 1]));
      largest = line_max(largest);
      offset[i] = largest == -infinity() ? 0.0f : largest * factor; // no key so far
      rescale[i] = exp2_fast(maximum[i] * factor - offset[i]);
      maximum[i] = largest;
      total[i] *= rescale[i];
    }
#pragma unroll
    for (int j = 0; j < n; ++j) {
      int i = j / 2 % 2;
      scores[j] = exp2_fast(scores[j] * factor - offset[i]);
      total[i] += scores[j];
    }
  }

  /// After the last keys: the sums of all columns.
  __device__ void finish() {
#pragma unroll
    for (int i = 0; i < 2; ++i)
      total[i] = line_sum(total[i]);
  }
};

/// A computing warpgroup: lines 64·half and on of each tile of queries.
template <class Spec, class Arguments>
__device__ void attention_wgmma_compute(AttentionPipeline<Spec, 1> at, const Arguments &arguments,
                                        int half) {
  using Tiles = AttentionTiles<Spec>;
  using Pipeline = AttentionPipeline<Spec, 1>;
  constexpr int dim = Tiles::dim, keys = Pipeline::keys;
  const int *document_start = arguments.document_start();
  int line = half * warpgroup_lines + warpgroup_line();
  RingPosition<1> query_ring;
  RingPosition<Pipeline::stages> key_ring, value_ring;
  AttentionSoftmax<Spec> softmax;

  for (int number = blockIdx.x; number < Pipeline::Work::count; number += gridDim.x) {
    typename Pipeline::Work work(document_start, number);
    float scores[keys / 2], sums[dim / 2];
    unsigned query[dim / 4], weights[keys / 4];
    auto start_scores = [&] {
      barrier_wait(at.key_buffer(key_ring.stage).full, key_ring.parity);
      wgmma_fence();
#pragma unroll
      for (int step = 0; step < dim / 16; ++step)
        wgmma_registers<false>(scores, query + 4 * step,
                               at.key_tile(key_ring.stage).lines_from(0, step), step > 0);
      wgmma_commit();
    };
    auto start_sums = [&](bool add) {
      barrier_wait(at.value_buffer(value_ring.stage).full, value_ring.parity);
      wgmma_fence();
#pragma unroll
      for (int step = 0; step < keys / 16; ++step)
        wgmma_registers<true>(sums, weights + 4 * step,
                              at.value_tile(value_ring.stage).columns_from(step), add || step > 0);
      wgmma_commit();
    };
    auto free_keys = [&] {
      barrier_arrive_warp(at.key_buffer(key_ring.stage).free);
      key_ring.advance();
    };
    auto finish_sums = [&] {
      wgmma_wait<0>(sums, weights);
      barrier_arrive_warp(at.value_buffer(value_ring.stage).free);
      value_ring.advance();
    };
    softmax.start();
    barrier_wait(at.inputs_buffer().full, query_ring.parity);
    load_operand(at.input(0), half * warpgroup_lines, query);
    barrier_arrive_warp(at.inputs_buffer().free);
    query_ring.advance();
    start_scores();
    SeenKeys<Spec> seen(work, document_start, line);
    auto weigh = [&](int tile) {
      if (seen.masks(tile * keys, keys))
        seen.mask(scores, tile * keys);
      softmax.add(scores);
    };
    wgmma_wait<0>(scores);
    free_keys();
    weigh(0);
    pack_operand(scores, weights);
    for (int tile = 1; tile < work.key_tiles; ++tile) {
      start_scores();
      start_sums(tile > 1);
      wgmma_wait<1>(scores);
      free_keys();
      weigh(tile);
      finish_sums();
#pragma unroll
      for (int j = 0; j < dim / 2; ++j)
        sums[j] *= softmax.rescale[j / 2 % 2];
      pack_operand(scores, weights);
    }
    start_sums(work.key_tiles > 1);

    softmax.finish();
    float factor[2] = {};
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      QueryLine<Spec> place(work.first_token, work.part, line + 8 * i);
      if (!place.inside())
        continue;
      int64 token = work.row_start + place.token;
      factor[i] = 1.0f / softmax.total[i];
      if constexpr (Spec::gated)
        factor[i] *= sigmoid(to_float(arguments.gate()[token * Spec::gate_stride + place.head]));
      if (threadIdx.x % 4 == 0)
        arguments.lse()[token * Tiles::heads + place.head] =
            softmax.maximum[i] * float(Spec::scale) + logf(softmax.total[i]);
    }
    finish_sums();
    at.store(work, half, sums, factor, arguments.out());
  }
}

/// Grid: any number of blocks, of three warpgroups.
template <class Spec, class Arguments> __device__ void attention_wgmma(const Arguments &arguments) {
  extern __shared__ __align__(1024) unsigned char shared[];
  AttentionPipeline<Spec, 1> at{shared_address(shared)};
  at.start();
  part_roles(
      [&] { at.copy({arguments.q()}, arguments.k(), arguments.v(), arguments.document_start()); },
      [&](int half) { attention_wgmma_compute<Spec>(at, arguments, half); });
}

} // namespace step37
