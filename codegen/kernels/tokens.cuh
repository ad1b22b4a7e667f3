// What is indexed by token or position and has little arithmetic: families shift_labels, take_rows
// and rope_table.
#pragma once

#include "copy_rows.cuh"

namespace step37 {

/// One thread a token.
template <class Spec, class Arguments>
__device__ void shift_labels_generic(const Arguments &arguments) {
  int64 token = int64(blockIdx.x) * blockDim.x + threadIdx.x, target = token + Spec::by;
  if (token >= Spec::tokens)
    return;
  const int *start = arguments.document_start();
  bool counts = token % Spec::seq_len + Spec::by < Spec::seq_len;
  if (counts && Spec::by > 1)
    counts = start[target] == start[token];
  arguments.labels()[token] = counts ? arguments.ids()[target] : 0;
  arguments.weights()[token] = counts ? arguments.mask()[target] : 0.0f;
}

/// One block a row.
template <class Spec, class Arguments>
__device__ void take_rows_generic(const Arguments &arguments) {
  using T = typename Spec::type;
  int64 row = int64(*arguments.chunk()) * Spec::rows + blockIdx.x;
  row = row < 0 ? 0 : row < Spec::total_rows ? row : Spec::total_rows - 1;
  copy_row<int(Spec::cols)>(arguments.x() + row * Spec::cols,
                            arguments.out() + int64(blockIdx.x) * Spec::cols);
}

/// One thread an angle: a product in f32, whose cosine and sine are rounded once.
template <class Spec, class Arguments>
__device__ void rope_table_generic(const Arguments &arguments) {
  constexpr int count = Spec::frequencies_count;
  int64 at = int64(blockIdx.x) * blockDim.x + threadIdx.x, position = at / count;
  int i = int(at % count);
  if (position >= Spec::positions)
    return;
  float *row = arguments.table() + position * 2 * count;
  double sine, cosine, angle = float(position) * float(Spec::frequencies(i));
  sincos(angle, &sine, &cosine);
  row[i] = float(cosine);
  row[count + i] = float(sine);
}

} // namespace step37
