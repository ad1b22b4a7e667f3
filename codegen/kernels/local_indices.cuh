// Indices into a whole become indices into a part: families localize_ids and expert_window.
#pragma once

#include "common.cuh"

namespace step37 {

/// value - begin where that is in [0, size), else -1.
__device__ inline int index_within(int64 value, int64 begin, int64 size) {
  int64 local = value - begin;
  return local >= 0 && local < size ? int(local) : -1;
}

/// One thread an element.
template <class Spec, class Arguments>
__device__ void localize_ids_generic(const Arguments &arguments) {
  int64 at = int64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= Spec::elements)
    return;
  int64 begin = Spec::size * *arguments.coordinate();
  arguments.out()[at] = index_within(arguments.ids()[at], begin, Spec::size);
}

/// One thread a slot and a group.
template <class Spec, class Arguments>
__device__ void expert_window_generic(const Arguments &arguments) {
  int64 at = int64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at <= Spec::groups) {
    int64 row = int64(arguments.offsets()[at]) - Spec::first;
    arguments.window_offsets()[at] = int(row < 0 ? 0 : row < Spec::rows ? row : Spec::rows);
  }
  if (at < Spec::slots)
    arguments.window_slot_row()[at] =
        index_within(arguments.slot_row()[at], Spec::first, Spec::rows);
}

} // namespace step37
