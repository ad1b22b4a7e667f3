// The row functions that the host twins share: accuracy of the exponential over all of its range,
// and what reductions do at odd lengths.
#include "runtime/exec/host/RowMath.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace step37::host;

TEST(RowMath, ExponentialIsWithinTwoUlp) {
  std::vector<float> x;
  for (float at = -87.33f; at < 88.72f; at += 0.000137f)
    x.push_back(at);
  for (float at = 1e-30f; at < 1; at *= 1.01f)
    x.insert(x.end(), {at, -at});
  std::vector<float> y = x;
  expRow(y.data(), int64_t(y.size()), 1, 0);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double exact = std::exp(double(x[i]));
    auto nearest = float(exact);
    double ulp = double(std::nextafterf(nearest, INFINITY)) - double(nearest);
    worst = std::max(worst, std::fabs(double(y[i]) - exact) / ulp);
  }
  EXPECT_LE(worst, 2);
  EXPECT_GT(worst, 0.1); // a comparison that sees something
}

TEST(RowMath, ExponentialAtItsEnds) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  std::vector<float> x = {-inf, -1000, -88, 88.73f, 1000, inf, 0, -0.0f, NAN};
  for (size_t lead : {0, 16}) { // in the scalar and in the vector part of the loop
    std::vector<float> y(lead);
    y.insert(y.end(), x.begin(), x.end());
    y.resize(lead + 16);
    expRow(y.data(), int64_t(y.size()), 1, 0);
    EXPECT_EQ(std::vector<float>(y.begin() + long(lead), y.begin() + long(lead + 8)),
              (std::vector<float>{0, 0, 0, inf, inf, inf, 1, 1}));
    EXPECT_TRUE(std::isnan(y[lead + 8]));
  }
}

TEST(RowMath, ReductionsCountEveryElement) {
  for (int64_t n : {0, 1, 2, 15, 16, 17, 31, 32, 33, 100}) {
    std::vector<float> a(size_t(n), 0), b(size_t(n), 0), x(size_t(n), 0);
    double sum = 0, exponentials = 0;
    float largest = -std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < a.size(); ++i) {
      a[i] = float(int(i % 7) - 3);
      b[i] = float(i + 1);
      x[i] = float(int(i * 37 % 101) - 50);
      sum += double(a[i]) * double(b[i]);
      largest = std::max(largest, x[i]);
      exponentials += std::exp(0.25 * double(x[i]) - 3);
    }
    EXPECT_EQ(dot(a.data(), b.data(), n), float(sum)) << n;
    EXPECT_EQ(rowMax(x.data(), n), largest) << n;
    EXPECT_NEAR(expRow(x.data(), n, 0.25f, 3), exponentials, 1e-6 * exponentials) << n;
  }
}

TEST(RowMath, SigmoidIsAccurateInBothTails) {
  std::vector<float> x = {-87, -20, -1, 0, 1, 20, 100};
  std::vector<float> y = x;
  sigmoidRow(y.data(), int64_t(y.size()));
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_NEAR(double(y[i]) * (1 + std::exp(-double(x[i]))), 1, 5e-7) << x[i];
}

} // namespace
