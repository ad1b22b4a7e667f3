// Where the rows are that other ranks send for this rank's experts: family received_rows.
#pragma once

#include "common.cuh"

namespace step37 {

/// Exclusive sums of the first `count` of `values` by the first warp; the total behind them.
template <int count> __device__ void exclusive_sums(int *values) {
  int lane = threadIdx.x, before = 0;
  if (lane < warp_size)
    for (int first = 0; first < count; first += warp_size) {
      int at = first + lane, value = at < count ? values[at] : 0, sum = value;
#pragma unroll
      for (int distance = 1; distance < warp_size; distance *= 2) {
        int other = __shfl_up_sync(0xffffffffu, sum, distance);
        sum += lane >= distance ? other : 0;
      }
      if (at < count)
        values[at] = before + sum - value;
      before += __shfl_sync(0xffffffffu, sum, warp_size - 1);
    }
  if (lane == 0)
    values[count] = before;
  __syncthreads();
}

/// One thread a row of the window. A run is the rows of one expert that one rank owns; every block
/// works out where all of them begin, in the order of experts and in that of their owners, of which
/// there are few.
template <class Spec, class Arguments>
__device__ void received_rows_generic(const Arguments &arguments) {
  constexpr int ranks = int(Spec::ranks), all = int(Spec::experts), experts = all / ranks,
                runs = experts * ranks;
  constexpr int64 first = Spec::first, rows = Spec::rows;
  __shared__ int begins[runs + 1];  // by expert, then owner: of all rows
  __shared__ int sources[runs + 1]; // by owner, then expert: of the window's rows
  const int *bounds = arguments.bounds();
  const int own = *arguments.coordinate() * experts;
  for (int run = threadIdx.x; run < runs; run += blockDim.x) {
    const int *bound = bounds + int64(run % ranks) * (all + 1) + own + run / ranks;
    begins[run] = bound[1] - bound[0];
  }
  __syncthreads();
  exclusive_sums<runs>(begins);
  auto within = [&](int64 row) { return int(row < 0 ? 0 : row < rows ? row : rows); };
  for (int run = threadIdx.x; run < runs; run += blockDim.x)
    sources[run % ranks * experts + run / ranks] =
        within(begins[run + 1] - first) - within(begins[run] - first);
  __syncthreads();
  exclusive_sums<runs>(sources);

  int64 row = int64(blockIdx.x) * blockDim.x + threadIdx.x;
  int *offsets = arguments.offsets();
  for (int64 expert = row; expert <= experts; expert += int64(gridDim.x) * blockDim.x)
    offsets[expert] = within(begins[expert * ranks] - first);
  if (row >= rows)
    return;
  int *source_row = arguments.source_row(), *received_row = arguments.received_row();
  if (row >= sources[runs]) {
    source_row[row] = -1;
    received_row[row] = -1;
    return;
  }
  // The last run that begins at this row or before it.
  int run = 0;
  for (int low = 0, high = runs; low < high;) {
    int middle = (low + high) / 2;
    if (begins[middle] <= row + first) {
      run = middle;
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  int64 begin = begins[run] > first ? begins[run] - first : 0; // in the window
  int source = sources[run % ranks * experts + run / ranks] + int(row - begin);
  source_row[row] = source;
  received_row[source] = int(row);
}

} // namespace step37
