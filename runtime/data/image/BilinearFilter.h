// The weights of antialiased bilinear resampling along one axis, as PIL and torchvision
// (antialias=True) document them: a triangle as wide as two output pixels, or two input pixels
// where the picture grows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace step37 {

class BilinearFilter {
public:
  /// From `in` pixels to `out`, both positive. With scale = in / out and width = max(scale, 1),
  /// output pixel i has its centre at c = (i + ½)·scale of the input, and input pixel j the weight
  /// max(0, 1 − |j + ½ − c| / width) before they are made to sum to 1.
  BilinearFilter(int64_t in, int64_t out);

  int64_t in() const { return inputs; }
  int64_t out() const { return static_cast<int64_t>(firsts.size()); }

  /// What output pixel `i` is made of: input pixels first(i), first(i) + 1 … with these weights.
  int64_t first(int64_t i) const { return firsts[static_cast<size_t>(i)]; }
  std::span<const double> weights(int64_t i) const {
    auto from = static_cast<size_t>(i);
    return std::span(values).subspan(starts[from], starts[from + 1] - starts[from]);
  }

private:
  int64_t inputs;
  std::vector<int64_t> firsts;
  std::vector<size_t> starts{0}; // of an output pixel's weights in `values`
  std::vector<double> values;
};

} // namespace step37
