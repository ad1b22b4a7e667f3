// Packed gate and up projections of experts' rows and their activation, any shape: family
// grouped_swiglu as the two families that it joins.
#pragma once

#include "grouped_gemm.cuh"
#include "swiglu.cuh"

namespace step37 {

template <class Spec> struct SwigluProduct : Spec {
  static constexpr int64 n = 2 * Spec::n;
  static constexpr bool transpose_b = true;
};

/// Of the halves of a packed row.
template <class Spec> struct SwigluHalves : Spec {
  static constexpr int64 cols = Spec::n, gate_stride = 2 * Spec::n, up_stride = 2 * Spec::n;
};

/// Arguments of both stages: x, w, offsets, gate_up, out, workspace.
template <class Spec, int N>
__device__ void grouped_swiglu_generic_product(const Pointers<N> &buffers) {
  grouped_gemm_generic<SwigluProduct<Spec>>(buffers);
}

template <class Spec, int N>
__device__ void grouped_swiglu_generic_activation(const Pointers<N> &buffers) {
  auto *gate = buffers.template get<typename Spec::type>(3);
  swiglu_generic<SwigluHalves<Spec>>(Pointers<3>{{gate, gate + Spec::n, buffers.at[4]}});
}

} // namespace step37
