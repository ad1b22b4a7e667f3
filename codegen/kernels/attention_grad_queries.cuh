// The queries' side of attention's gradient on tensor cores: dq. A tile of queries comes with its
// outputs' gradients, and a tile of keys takes three products: scores, gradients of the weights,
// dq.
#pragma once

#include "attention_grad_rows.cuh"
#include "attention_pipeline.cuh"

namespace step37 {

/// A computing warpgroup: lines 64·half and on of each tile of queries.
template <class Spec, class Arguments>
__device__ void attention_grad_queries_compute(AttentionPipeline<Spec, 2> at,
                                               const Arguments &arguments, int half) {
  using Tiles = AttentionTiles<Spec>;
  using Pipeline = AttentionPipeline<Spec, 2>;
  constexpr int dim = Tiles::dim, keys = Pipeline::keys;
  const int *document_start = arguments.document_start();
  int first_line = half * warpgroup_lines, line = first_line + warpgroup_line();
  RingPosition<1> query_ring;
  RingPosition<Pipeline::stages> key_ring, value_ring;

  for (int number = blockIdx.x; number < Pipeline::Work::count; number += gridDim.x) {
    typename Pipeline::Work work(document_start, number);
    if (!at.has_lines(work, half)) {
      at.pass(work, query_ring, key_ring, value_ring);
      continue;
    }
    SeenKeys<Spec> seen(work, document_start, line);
    float offset[2] = {}, row_term[2] = {};
#pragma unroll
    for (int i = 0; i < 2; ++i)
      if (QueryLine<Spec> place(work.first_token, work.part, line + 8 * i); place.inside()) {
        const float *term =
            arguments.workspace() + (work.row_start + place.token) * Tiles::heads + place.head;
        offset[i] = term[0];
        row_term[i] = term[AttentionGradRows<Spec>::row_term_at];
      }

    float sums[dim / 2];
    barrier_wait(at.inputs_buffer().full, query_ring.parity);
    for (int tile = 0; tile < work.key_tiles; ++tile) {
      float scores[keys / 2], dweights[keys / 2];
      barrier_wait(at.key_buffer(key_ring.stage).full, key_ring.parity);
      wgmma_fence();
#pragma unroll
      for (int step = 0; step < dim / 16; ++step)
        wgmma_shared(scores, at.input(0).lines_from(first_line, step),
                     at.key_tile(key_ring.stage).lines_from(0, step), step > 0);
      wgmma_commit();
      barrier_wait(at.value_buffer(value_ring.stage).full, value_ring.parity);
      wgmma_fence();
#pragma unroll
      for (int step = 0; step < dim / 16; ++step)
        wgmma_shared(dweights, at.input(1).lines_from(first_line, step),
                     at.value_tile(value_ring.stage).lines_from(0, step), step > 0);
      wgmma_commit();
      wgmma_wait<1>(scores);
      if (seen.masks(tile * keys, keys))
        seen.mask(scores, tile * keys);
#pragma unroll
      for (int j = 0; j < keys / 2; ++j)
        scores[j] = exp2_fast(scores[j] * attention_exponent<Spec> - offset[j / 2 % 2]);
      wgmma_wait<0>(dweights);
      barrier_arrive_warp(at.value_buffer(value_ring.stage).free);
      value_ring.advance();
#pragma unroll
      for (int j = 0; j < keys / 2; ++j)
        scores[j] *= dweights[j] - row_term[j / 2 % 2];
      unsigned dscores[keys / 4];
      pack_operand(scores, dscores);
      wgmma_fence();
#pragma unroll
      for (int step = 0; step < keys / 16; ++step)
        wgmma_registers<true>(sums, dscores + 4 * step,
                              at.key_tile(key_ring.stage).columns_from(step), tile > 0 || step > 0);
      wgmma_commit();
      wgmma_wait<0>(sums, dscores);
      barrier_arrive_warp(at.key_buffer(key_ring.stage).free);
      key_ring.advance();
    }
    barrier_arrive_warp(at.inputs_buffer().free);
    query_ring.advance();
    at.store(work, half, sums, {float(Spec::scale), float(Spec::scale)}, arguments.dq());
  }
}

/// Grid: any number of blocks, of three warpgroups. Needs what attention_grad_wgmma_rows wrote.
template <class Spec, class Arguments>
__device__ void attention_grad_wgmma_queries(const Arguments &arguments) {
  extern __shared__ __align__(1024) unsigned char shared[];
  AttentionPipeline<Spec, 2> at{shared_address(shared)};
  at.start();
  part_roles(
      [&] {
        at.copy({arguments.q(), arguments.dout()}, arguments.k(), arguments.v(),
                arguments.document_start());
      },
      [&](int half) { attention_grad_queries_compute<Spec>(at, arguments, half); });
}

} // namespace step37
