// Indices into a whole become indices into a part: families localize_ids and expert_window.
#pragma once

#include "common.cuh"

namespace step37 {

/// value - begin where that is in [0, size), else -1.
__device__ inline int index_within(int64 value, int64 begin, int64 size) {
  int64 local = value - begin;
  return local >= 0 && local < size ? int(local) : -1;
}

/// Arguments: ids, coordinate, out. One thread an element.
template <class Spec, int N> __device__ void localize_ids_generic(const Pointers<N> &buffers) {
  int64 at = int64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= Spec::elements)
    return;
  int64 begin = Spec::size * *buffers.template get<const int>(1);
  buffers.template get<int>(2)[at] =
      index_within(buffers.template get<const int>(0)[at], begin, Spec::size);
}

/// Arguments: offsets, slot_row, window_offsets, window_slot_row. One thread a slot and a group.
template <class Spec, int N> __device__ void expert_window_generic(const Pointers<N> &buffers) {
  int64 at = int64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at <= Spec::groups) {
    int64 row = int64(buffers.template get<const int>(0)[at]) - Spec::first;
    buffers.template get<int>(2)[at] = int(row < 0 ? 0 : row < Spec::rows ? row : Spec::rows);
  }
  if (at < Spec::slots)
    buffers.template get<int>(3)[at] =
        index_within(buffers.template get<const int>(1)[at], Spec::first, Spec::rows);
}

} // namespace step37
