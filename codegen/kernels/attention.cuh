// Grouped-query attention with the head gate, causal or of whole rows, and its gradient (families
// attention, attention_grad), any shape. Nothing quadratic is stored: keys, or queries in the
// second sweep of the gradient, pass through shared memory 32 at a time, one for each lane of a
// warp, and sums stay in registers. The gradient has two sweeps, by queries (dq, dgate, row terms)
// and by keys (dk, dv), so that every sum belongs to one warp and has a fixed order.
#pragma once

#include "common.cuh"

namespace step37 {

/// A block has attention_warps warps; each owns attention_each queries (or keys) of its tile.
constexpr int attention_warps = 8, attention_each = 4,
              attention_tile = attention_warps * attention_each;
static_assert(attention_tile == warp_size, "a tile has one line for each lane");
static_assert(Launch::tile == attention_tile && Launch::threads == attention_warps * warp_size);

template <class Spec> struct AttentionShape {
  static constexpr int dim = int(Spec::head_dim);
  static constexpr int pitch = dim + 1; // odd or even, neighbouring lines start in different banks
  static constexpr int per_lane = (dim + warp_size - 1) / warp_size;
  static constexpr int group_heads = int(Spec::heads / Spec::groups);
  static constexpr int tile_floats = attention_tile * pitch;
};

/// Lines [first, first+32) of a matrix, `dim` columns from `from` on, into shared memory as f32
/// times factor(line); lines from `end` on are zero.
template <class Spec, class T, class Factor>
__device__ void attention_load(float *tile, const T *from, int64 stride, int64 first, int64 end,
                               Factor factor) {
  using Shape = AttentionShape<Spec>;
  for (int i = threadIdx.x; i < attention_tile * Shape::dim; i += blockDim.x) {
    int line = i / Shape::dim, d = i % Shape::dim;
    int64 row = first + line;
    tile[line * Shape::pitch + d] =
        row < end ? to_float(from[row * stride + d]) * factor(row) : 0.0f;
  }
}

template <class Spec> __device__ float attention_dot(const float *a, const float *b) {
  float sum = 0;
#pragma unroll 8
  for (int d = 0; d < AttentionShape<Spec>::dim; ++d)
    sum += a[d] * b[d];
  return sum;
}

/// sums[i] += Σ over lanes l of weight(lane l)·lines[l][lane + 32·i].
template <class Spec>
__device__ void attention_accumulate(float (&sums)[AttentionShape<Spec>::per_lane], float weight,
                                     const float *lines) {
  using Shape = AttentionShape<Spec>;
  int lane = threadIdx.x % warp_size;
  for (int l = 0; l < warp_size; ++l) {
    float w = __shfl_sync(0xffffffffu, weight, l);
#pragma unroll
    for (int i = 0; i < Shape::per_lane; ++i) {
      int d = lane + i * warp_size;
      if (d < Shape::dim)
        sums[i] += w * lines[l * Shape::pitch + d];
    }
  }
}

/// Whether query t of a row sees key j of it.
template <class Spec> __device__ bool attention_sees(int64 t, int64 j, int64 document_start) {
  if constexpr (!Spec::causal)
    return j < Spec::seq_len;
  return j <= t && j >= document_start && (Spec::window == 0 || j > t - Spec::window);
}

template <class Spec> __device__ int64 attention_start(const int *document_start, int64 t) {
  return Spec::causal ? document_start[t] : 0;
}

/// One past the last key that any query before `end` sees.
template <class Spec> __device__ int64 attention_last_key(int64 end) {
  return Spec::causal ? end : Spec::seq_len;
}

/// The first key that any query of a tile sees.
template <class Spec>
__device__ int64 attention_first_key(const int *document_start, int64 first, int64 end) {
  if constexpr (!Spec::causal)
    return 0;
  int64 key = first;
  for (int64 t = first; t < end; ++t) {
    int64 start = document_start[t];
    if (Spec::window > 0 && start < t - Spec::window + 1)
      start = t - Spec::window + 1;
    key = start < key ? start : key;
  }
  return key;
}

template <class T> __device__ float attention_gate(const T *gate, int64 index) {
  return sigmoid(to_float(gate[index]));
}

/// Starts of the documents of a row's tokens; null without causality.
template <class Spec, class Arguments>
__device__ const int *starts_of_row(const Arguments &arguments, int64 row_start) {
  return Spec::causal ? arguments.document_start() + row_start : nullptr;
}

/// Grid: query tiles of a row, heads, rows.
template <class Spec, class Arguments>
__device__ void attention_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  using Shape = AttentionShape<Spec>;
  extern __shared__ float shared[];
  float *q_tile = shared, *k_tile = q_tile + Shape::tile_floats,
        *v_tile = k_tile + Shape::tile_floats;
  int64 row_start = int64(blockIdx.z) * Spec::seq_len, head = blockIdx.y,
        group = head / Shape::group_heads;
  int64 first = int64(blockIdx.x) * attention_tile;
  int64 end = first + attention_tile < Spec::seq_len ? first + attention_tile : Spec::seq_len;
  const int *document_start = starts_of_row<Spec>(arguments, row_start);
  const T *q = arguments.q() + row_start * Spec::heads * Shape::dim + head * Shape::dim;
  const T *k = arguments.k() + row_start * Spec::groups * Shape::dim + group * Shape::dim;
  const T *v = arguments.v() + row_start * Spec::v_stride + group * Shape::dim;
  T *out = arguments.out() + row_start * Spec::heads * Shape::dim + head * Shape::dim;
  float *lse = arguments.lse() + row_start * Spec::heads + head;
  int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;

  attention_load<Spec>(q_tile, q, Spec::heads * Shape::dim, first, end,
                       [](int64) { return float(Spec::scale); });
  float maximum[attention_each], total[attention_each], sums[attention_each][Shape::per_lane] = {};
#pragma unroll
  for (int e = 0; e < attention_each; ++e) {
    maximum[e] = -infinity();
    total[e] = 0;
  }
  int64 first_key = attention_first_key<Spec>(document_start, first, end);
  int64 last_key = attention_last_key<Spec>(end);
  for (int64 keys = first_key; keys < last_key; keys += attention_tile) {
    __syncthreads();
    attention_load<Spec>(k_tile, k, Spec::groups * Shape::dim, keys, last_key,
                         [](int64) { return 1.0f; });
    attention_load<Spec>(v_tile, v, Spec::v_stride, keys, last_key, [](int64) { return 1.0f; });
    __syncthreads();
#pragma unroll
    for (int e = 0; e < attention_each; ++e) {
      int line = warp * attention_each + e;
      int64 t = first + line, j = keys + lane;
      if (t >= end)
        continue; // the whole warp
      bool sees = attention_sees<Spec>(t, j, attention_start<Spec>(document_start, t));
      float score =
          sees ? attention_dot<Spec>(q_tile + line * Shape::pitch, k_tile + lane * Shape::pitch)
               : -infinity();
      float largest = fmaxf(maximum[e], warp_max(score));
      if (largest == -infinity())
        continue; // no key so far
      float p = sees ? expf(score - largest) : 0.0f, rescale = expf(maximum[e] - largest);
      maximum[e] = largest;
      total[e] = total[e] * rescale + warp_sum(p);
#pragma unroll
      for (int i = 0; i < Shape::per_lane; ++i)
        sums[e][i] *= rescale;
      attention_accumulate<Spec>(sums[e], p, v_tile);
    }
  }
#pragma unroll
  for (int e = 0; e < attention_each; ++e) {
    int64 t = first + warp * attention_each + e;
    if (t >= end)
      continue;
    float factor = 1.0f / total[e];
    if constexpr (Spec::gated)
      factor *= attention_gate(arguments.gate(), (row_start + t) * Spec::gate_stride + head);
#pragma unroll
    for (int i = 0; i < Shape::per_lane; ++i)
      if (int d = lane + i * warp_size; d < Shape::dim)
        out[t * Spec::heads * Shape::dim + d] = from_float<T>(sums[e][i] * factor);
    if (lane == 0)
      lse[t * Spec::heads] = maximum[e] + logf(total[e]);
  }
}

/// dq, dgate and the row terms <dout, out>, which begin the workspace. Grid: query tiles of a row,
/// heads, rows.
template <class Spec, class Arguments>
__device__ void attention_grad_generic_queries(const Arguments &arguments) {
  using T = typename Spec::type;
  using Shape = AttentionShape<Spec>;
  extern __shared__ float shared[];
  float *q_tile = shared, *do_tile = q_tile + Shape::tile_floats,
        *k_tile = do_tile + Shape::tile_floats, *v_tile = k_tile + Shape::tile_floats;
  int64 row_start = int64(blockIdx.z) * Spec::seq_len, head = blockIdx.y,
        group = head / Shape::group_heads;
  int64 first = int64(blockIdx.x) * attention_tile;
  int64 end = first + attention_tile < Spec::seq_len ? first + attention_tile : Spec::seq_len;
  const int *document_start = starts_of_row<Spec>(arguments, row_start);
  int64 head_begin = row_start * Spec::heads * Shape::dim + head * Shape::dim;
  const T *dout = arguments.dout() + head_begin, *q = arguments.q() + head_begin;
  const T *out = arguments.out() + head_begin;
  const T *k = arguments.k() + row_start * Spec::groups * Shape::dim + group * Shape::dim;
  const T *v = arguments.v() + row_start * Spec::v_stride + group * Shape::dim;
  const float *lse = arguments.lse() + row_start * Spec::heads + head;
  T *dq = arguments.dq() + head_begin;
  float *row_terms = arguments.workspace() + row_start * Spec::heads + head;
  int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;
  constexpr int64 q_stride = Spec::heads * Shape::dim;

  auto gate_of = [&](int64 t) {
    if constexpr (Spec::gated)
      return attention_gate(arguments.gate(), (row_start + t) * Spec::gate_stride + head);
    else
      return 1.0f;
  };
  attention_load<Spec>(q_tile, q, q_stride, first, end, [](int64) { return float(Spec::scale); });
  attention_load<Spec>(do_tile, dout, q_stride, first, end, gate_of);
  float row_term[attention_each] = {}, sums[attention_each][Shape::per_lane] = {};
#pragma unroll
  for (int e = 0; e < attention_each; ++e) {
    int64 t = first + warp * attention_each + e;
    if (t >= end)
      continue;
    float product = 0;
    for (int d = lane; d < Shape::dim; d += warp_size)
      product += to_float(dout[t * q_stride + d]) * to_float(out[t * q_stride + d]);
    row_term[e] = warp_sum(product);
    if (lane == 0) {
      row_terms[t * Spec::heads] = row_term[e];
      if constexpr (Spec::gated)
        arguments.dgate()[(row_start + t) * Spec::dgate_stride + head] =
            from_float<T>(row_term[e] * (1.0f - gate_of(t)));
    }
  }
  int64 first_key = attention_first_key<Spec>(document_start, first, end);
  int64 last_key = attention_last_key<Spec>(end);
  for (int64 keys = first_key; keys < last_key; keys += attention_tile) {
    __syncthreads();
    attention_load<Spec>(k_tile, k, Spec::groups * Shape::dim, keys, last_key,
                         [](int64) { return 1.0f; });
    attention_load<Spec>(v_tile, v, Spec::v_stride, keys, last_key, [](int64) { return 1.0f; });
    __syncthreads();
#pragma unroll
    for (int e = 0; e < attention_each; ++e) {
      int line = warp * attention_each + e;
      int64 t = first + line, j = keys + lane;
      if (t >= end)
        continue;
      float ds = 0;
      if (attention_sees<Spec>(t, j, attention_start<Spec>(document_start, t))) {
        float score =
            attention_dot<Spec>(q_tile + line * Shape::pitch, k_tile + lane * Shape::pitch);
        float dp = attention_dot<Spec>(do_tile + line * Shape::pitch, v_tile + lane * Shape::pitch);
        ds = expf(score - lse[t * Spec::heads]) * (dp - row_term[e]);
      }
      attention_accumulate<Spec>(sums[e], ds, k_tile);
    }
  }
#pragma unroll
  for (int e = 0; e < attention_each; ++e) {
    int64 t = first + warp * attention_each + e;
#pragma unroll
    for (int i = 0; i < Shape::per_lane; ++i)
      if (int d = lane + i * warp_size; t < end && d < Shape::dim)
        dq[t * q_stride + d] = from_float<T>(sums[e][i] * float(Spec::scale));
  }
}

/// dk and dv. Grid: key tiles of a row, groups, rows. Needs the row terms of the first sweep.
template <class Spec, class Arguments>
__device__ void attention_grad_generic_keys(const Arguments &arguments) {
  using T = typename Spec::type;
  using Shape = AttentionShape<Spec>;
  extern __shared__ float shared[];
  float *k_tile = shared, *v_tile = k_tile + Shape::tile_floats,
        *q_tile = v_tile + Shape::tile_floats, *do_tile = q_tile + Shape::tile_floats;
  int64 row_start = int64(blockIdx.z) * Spec::seq_len, group = blockIdx.y;
  int64 first = int64(blockIdx.x) * attention_tile;
  int64 end = first + attention_tile < Spec::seq_len ? first + attention_tile : Spec::seq_len;
  const int *document_start = starts_of_row<Spec>(arguments, row_start);
  constexpr int64 q_stride = Spec::heads * Shape::dim, k_stride = Spec::groups * Shape::dim;
  const T *k = arguments.k() + row_start * k_stride + group * Shape::dim;
  const T *v = arguments.v() + row_start * Spec::v_stride + group * Shape::dim;
  T *dk = arguments.dk() + row_start * k_stride + group * Shape::dim;
  T *dv = arguments.dv() + row_start * Spec::dv_stride + group * Shape::dim;
  int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;

  attention_load<Spec>(k_tile, k, k_stride, first, end, [](int64) { return float(Spec::scale); });
  attention_load<Spec>(v_tile, v, Spec::v_stride, first, end, [](int64) { return 1.0f; });
  float k_sums[attention_each][Shape::per_lane] = {}, v_sums[attention_each][Shape::per_lane] = {};
  int64 last_query = Spec::seq_len;
  if (Spec::window > 0 && end - 1 + Spec::window < last_query)
    last_query = end - 1 + Spec::window;
  for (int64 head = group * Shape::group_heads; head < (group + 1) * Shape::group_heads; ++head) {
    const T *dout = arguments.dout() + row_start * q_stride + head * Shape::dim;
    const T *q = arguments.q() + row_start * q_stride + head * Shape::dim;
    const float *lse = arguments.lse() + row_start * Spec::heads + head;
    const float *row_terms = arguments.workspace() + row_start * Spec::heads + head;
    auto gate_of = [&](int64 t) {
      if constexpr (Spec::gated)
        return attention_gate(arguments.gate(), (row_start + t) * Spec::gate_stride + head);
      else
        return 1.0f;
    };
    for (int64 queries = Spec::causal ? first : 0; queries < last_query;
         queries += attention_tile) {
      __syncthreads();
      attention_load<Spec>(q_tile, q, q_stride, queries, last_query, [](int64) { return 1.0f; });
      attention_load<Spec>(do_tile, dout, q_stride, queries, last_query, gate_of);
      __syncthreads();
      int64 t = queries + lane;
      bool query = t < last_query;
      int64 start = query ? attention_start<Spec>(document_start, t) : 0;
      float lse_t = query ? lse[t * Spec::heads] : 0.0f,
            row_term = query ? row_terms[t * Spec::heads] : 0.0f;
#pragma unroll
      for (int e = 0; e < attention_each; ++e) {
        int line = warp * attention_each + e;
        int64 j = first + line;
        float p = 0, ds = 0;
        if (query && j < end && attention_sees<Spec>(t, j, start)) {
          float score =
              attention_dot<Spec>(q_tile + lane * Shape::pitch, k_tile + line * Shape::pitch);
          float dp =
              attention_dot<Spec>(do_tile + lane * Shape::pitch, v_tile + line * Shape::pitch);
          p = expf(score - lse_t);
          ds = p * (dp - row_term);
        }
        attention_accumulate<Spec>(k_sums[e], ds, q_tile);
        attention_accumulate<Spec>(v_sums[e], p, do_tile);
      }
    }
  }
#pragma unroll
  for (int e = 0; e < attention_each; ++e) {
    int64 j = first + warp * attention_each + e;
#pragma unroll
    for (int i = 0; i < Shape::per_lane; ++i)
      if (int d = lane + i * warp_size; j < end && d < Shape::dim) {
        dk[j * k_stride + d] = from_float<T>(k_sums[e][i] * float(Spec::scale));
        dv[j * Spec::dv_stride + d] = from_float<T>(v_sums[e][i]);
      }
  }
}

} // namespace step37
