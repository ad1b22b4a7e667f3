// RMS norm of one float row (docs/model.md B.1), forward and gradient.
// RmsNorm applies it to tokens, QkNormRope to heads.
#pragma once

#include "runtime/exec/host/Elements.h"
#include "runtime/exec/host/RowMath.h"

#include <cmath>
#include <cstdint>

namespace step37::host {

/// The factor of each column: the weight and an offset.
template <class T> void loadNormScale(const T *weight, double offset, int64_t cols, float *scale) {
  loadRow(weight, cols, scale);
  for (int64_t c = 0; c < cols; ++c)
    scale[c] += static_cast<float>(offset);
}

/// x = x·r·scale in place; returns r = 1/sqrt(mean(x²) + eps).
inline float normRow(float *x, const float *scale, int64_t cols, double eps) {
  float mean = dot(x, x, cols) / static_cast<float>(cols);
  float r = 1.0f / std::sqrt(mean + static_cast<float>(eps));
  for (int64_t c = 0; c < cols; ++c)
    x[c] = x[c] * r * scale[c];
  return r;
}

/// Turns the gradient u of normRow's result into that of x, and adds that of the scale to dscale,
/// which is null where nobody asks for it.
inline void normRowGrad(float *u, const float *x, float r, const float *scale, int64_t cols,
                        float *dscale) {
  if (dscale)
    for (int64_t c = 0; c < cols; ++c)
      dscale[c] += u[c] * x[c] * r;
  for (int64_t c = 0; c < cols; ++c)
    u[c] *= scale[c];
  float pull = dot(u, x, cols) / static_cast<float>(cols) * r * r * r;
  for (int64_t c = 0; c < cols; ++c)
    u[c] = r * u[c] - x[c] * pull;
}

} // namespace step37::host
