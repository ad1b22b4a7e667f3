// What is indexed by token or position and has little arithmetic: families shift_labels, take_rows
// and rope_table.
#pragma once

#include "copy_rows.cuh"

namespace step37 {

/// Arguments: ids, mask, document_start, labels, weights. One thread a token.
template <class Spec, int N> __device__ void shift_labels_generic(const Pointers<N> &buffers) {
  int64 token = int64(blockIdx.x) * blockDim.x + threadIdx.x, target = token + Spec::by;
  if (token >= Spec::tokens)
    return;
  const int *start = buffers.template get<const int>(2);
  bool counts = token % Spec::seq_len + Spec::by < Spec::seq_len;
  if (counts && Spec::by > 1)
    counts = start[target] == start[token];
  buffers.template get<int>(3)[token] = counts ? buffers.template get<const int>(0)[target] : 0;
  buffers.template get<float>(4)[token] =
      counts ? buffers.template get<const float>(1)[target] : 0.0f;
}

/// Arguments: x, chunk, out. One block a row.
template <class Spec, int N> __device__ void take_rows_generic(const Pointers<N> &buffers) {
  using T = typename Spec::type;
  int64 row = int64(*buffers.template get<const int>(1)) * Spec::rows + blockIdx.x;
  row = row < 0 ? 0 : row < Spec::total_rows ? row : Spec::total_rows - 1;
  copy_row<int(Spec::cols)>(buffers.template get<const T>(0) + row * Spec::cols,
                            buffers.template get<T>(2) + int64(blockIdx.x) * Spec::cols);
}

/// Arguments: table. One thread an angle: a product in f32, whose cosine and sine are rounded once.
template <class Spec, int N> __device__ void rope_table_generic(const Pointers<N> &buffers) {
  constexpr int count = Spec::frequencies_count;
  int64 at = int64(blockIdx.x) * blockDim.x + threadIdx.x, position = at / count;
  int i = int(at % count);
  if (position >= Spec::positions)
    return;
  float *row = buffers.template get<float>(0) + position * 2 * count;
  double sine, cosine, angle = float(position) * float(Spec::frequencies(i));
  sincos(angle, &sine, &cosine);
  row[i] = float(cosine);
  row[count + i] = float(sine);
}

} // namespace step37
