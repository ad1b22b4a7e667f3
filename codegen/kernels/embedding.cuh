// Rows of a table by index, and the transpose: families embedding and embedding_grad.
#pragma once

#include "copy_rows.cuh"

namespace step37 {

/// One block a token.
template <class Spec, class Arguments>
__device__ void embedding_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  int id = arguments.ids()[blockIdx.x];
  T *out = arguments.out() + int64(blockIdx.x) * Spec::width;
  if (id < 0 || id >= Spec::vocab)
    zero_row<int(Spec::width)>(out);
  else
    copy_row<int(Spec::width)>(arguments.table() + int64(id) * Spec::width, out);
}

// The gradient of a row of the table needs the tokens with its id, in order. A first launch empties
// a list for every id, a second one links each token into the list of its id: in whatever order
// threads come, which the third one, a block a row, puts right.

/// Lists in the workspace: the first token of every id, then the next one of every token; −1 ends.
template <class Spec, class Arguments> __device__ int *embedding_heads(const Arguments &arguments) {
  return arguments.workspace();
}
template <class Spec, class Arguments> __device__ int *embedding_links(const Arguments &arguments) {
  return embedding_heads<Spec>(arguments) + Spec::vocab;
}

template <class Spec, class Arguments>
__device__ void embedding_grad_generic_clear(const Arguments &arguments) {
  int64 id = int64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (id < Spec::vocab)
    embedding_heads<Spec>(arguments)[id] = -1;
}

template <class Spec, class Arguments>
__device__ void embedding_grad_generic_link(const Arguments &arguments) {
  int64 token = int64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (token < Spec::tokens) {
    int id = arguments.ids()[token];
    if (id >= 0 && id < Spec::vocab)
      embedding_links<Spec>(arguments)[token] =
          atomicExch(embedding_heads<Spec>(arguments) + id, int(token));
  }
}

/// A list of this many tokens is put in order by one warp; for a longer one all ids are read
/// instead.
constexpr int short_list = warp_size;

/// Fills `order` with the tokens of a list that begins at `first`, ascending, and returns their
/// number; short_list + 1 if there are more. For the whole block; `order` has short_list + 1
/// elements.
__device__ inline int sorted_list(int first, const int *links, int *order) {
  __shared__ int length;
  if (threadIdx.x == 0) {
    int count = 0;
    for (int token = first; token >= 0 && count <= short_list; token = links[token])
      order[count++] = token;
    length = count;
  }
  __syncthreads();
  if (length <= short_list && threadIdx.x < warp_size) {
    int lane = threadIdx.x, rank = 0;
    int token = lane < length ? order[lane] : 0x7fffffff;
    for (int other = 0; other < length; ++other)
      rank += __shfl_sync(0xffffffffu, token, other) < token;
    __syncwarp();
    if (lane < length)
      order[rank] = token;
  }
  __syncthreads();
  return length;
}

/// The tokens of [first, first + block_threads) that have this id, ascending, into `order`; returns
/// their number. For the whole block.
__device__ inline int matching_tokens(const int *ids, int64 first, int64 tokens, int id,
                                      int *order) {
  constexpr int warps = block_threads / warp_size;
  __shared__ int counts[warps];
  int64 token = first + threadIdx.x;
  int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;
  bool matches = token < tokens && ids[token] == id;
  unsigned mask = __ballot_sync(0xffffffffu, matches);
  __syncthreads(); // the last round's list and counts have been read
  if (lane == 0)
    counts[warp] = __popc(mask);
  __syncthreads();
  int before = 0, total = 0;
#pragma unroll
  for (int i = 0; i < warps; ++i) {
    before += i < warp ? counts[i] : 0;
    total += counts[i];
  }
  if (matches)
    order[before + __popc(mask & ((1u << lane) - 1))] = int(token);
  __syncthreads();
  return total;
}

/// One block a row of the table.
template <class Spec, class Arguments>
__device__ void embedding_grad_generic_sum(const Arguments &arguments) {
  using T = typename Spec::type;
  using G = typename Spec::grad_type;
  constexpr int cols = int(Spec::width);
  constexpr int W =
      common_width(full_width<T> < full_width<G> ? full_width<T> : full_width<G>, cols);
  __shared__ int order[block_threads];
  const int *ids = arguments.ids();
  const T *dy = arguments.dy();
  float beta = *arguments.beta();
  G *to = arguments.dtable() + int64(blockIdx.x) * cols;
  int first = embedding_heads<Spec>(arguments)[blockIdx.x];
  if (first < 0 && beta == 1.0f)
    return;

  float sums[ceil_div(cols, W * block_threads)][W] = {};
  if (beta != 0.0f)
    for_each_column<W, cols, block_threads>(threadIdx.x, [&](int pack, int column) {
      load<W>(to + column, sums[pack]);
#pragma unroll
      for (int i = 0; i < W; ++i)
        sums[pack][i] *= beta;
    });
  auto add = [&](int count) {
    for (int i = 0; i < count; ++i)
      for_each_column<W, cols, block_threads>(threadIdx.x, [&](int pack, int column) {
        float values[W];
        load_readonly<W>(dy + int64(order[i]) * cols + column, values);
#pragma unroll
        for (int j = 0; j < W; ++j)
          sums[pack][j] += values[j];
      });
  };
  if (first >= 0) {
    int count = sorted_list(first, embedding_links<Spec>(arguments), order);
    if (count <= short_list)
      add(count);
    else
      for (int64 begin = 0; begin < Spec::tokens; begin += block_threads)
        add(matching_tokens(ids, begin, Spec::tokens, int(blockIdx.x), order));
  }
  for_each_column<W, cols, block_threads>(
      threadIdx.x, [&](int pack, int column) { store<W>(to + column, sums[pack]); });
}

} // namespace step37
