// Loops over float rows that the twins spend their time in: reductions of one fixed order and the
// exponential. Compiled for several instruction sets (InstructionSets.h). Conversions from and to
// the storage types are in Elements.h.
#pragma once

#include <cstdint>

namespace step37::host {

/// The largest of x[0..n), −inf for n = 0; NaNs do not count.
float rowMax(const float *x, int64_t n);

/// Σ a[i]·b[i]: element i goes to lane i mod 16, the lanes are added pairwise.
float dot(const float *a, const float *b, int64_t n);

/// x[i] = exp(scale·x[i] − shift) in place, the exponential within 2 ulp and 0 where it would be
/// subnormal; returns the sum, in lanes as `dot`.
float expRow(float *x, int64_t n, float scale, float shift);

/// x[i] = 1/(1 + exp(−x[i])) in place.
void sigmoidRow(float *x, int64_t n);

/// 1/(1 + exp(−x))
float sigmoid(float x);

} // namespace step37::host
