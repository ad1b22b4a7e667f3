// How far a single result of a kernel may be from exact arithmetic, element by element.
#pragma once

#include "runtime/base/DType.h"

#include <gtest/gtest.h>

#include <cmath>

namespace step37::test {

/// For a sum of `terms` terms whose absolute values add up to `magnitude`, in f32 and then rounded
/// once to `type`.
inline void expectNear(double actual, double expected, DType type, double magnitude,
                       double terms = 1) {
  double tolerance = magnitude * 1e-6 * std::sqrt(terms) + 1e-30;
  if (type == DType::bf16)
    tolerance += std::abs(expected) / 256;
  EXPECT_NEAR(actual, expected, tolerance);
}

} // namespace step37::test
