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

/// The product's arguments: its result is gate_up.
template <class Spec, class Arguments> struct SwigluProductArguments {
  const Arguments &all;
  __device__ auto *x() const { return all.x(); }
  __device__ auto *w() const { return all.w(); }
  __device__ auto *offsets() const { return all.offsets(); }
  __device__ auto *out() const { return all.gate_up(); }
};

/// The activation's.
template <class Spec, class Arguments> struct SwigluHalvesArguments {
  const Arguments &all;
  __device__ const auto *gate() const { return all.gate_up(); }
  __device__ const auto *up() const { return all.gate_up() + Spec::n; }
  __device__ auto *out() const { return all.out(); }
};

template <class Spec, class Arguments>
__device__ void grouped_swiglu_generic_product(const Arguments &arguments) {
  grouped_gemm_generic<SwigluProduct<Spec>>(SwigluProductArguments<Spec, Arguments>{arguments});
}

template <class Spec, class Arguments>
__device__ void grouped_swiglu_generic_activation(const Arguments &arguments) {
  swiglu_generic<SwigluHalves<Spec>>(SwigluHalvesArguments<Spec, Arguments>{arguments});
}

} // namespace step37
