// One pass along rows and one along columns, for two kinds of arithmetic; see Resize.h.
#include "runtime/data/image/Resize.h"

#include "runtime/data/image/BilinearFilter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace step37 {

namespace {

constexpr int64_t channels = Image::channels;

/// PIL's fixed point. Weights sum to about 1, so sums of 255 · 2^22 fit.
struct GreyLevels {
  using Value = uint8_t;
  using Sum = int32_t;
  static constexpr int bits = 22;

  static Sum weight(double weight) {
    return static_cast<Sum>(std::floor(weight * (1 << bits) + 0.5));
  }
  static Value value(Sum sum) {
    return static_cast<Value>(std::clamp((sum + (1 << (bits - 1))) >> bits, 0, 255));
  }
};

struct Reals {
  using Value = float;
  using Sum = float;

  static Sum weight(double weight) { return static_cast<Sum>(weight); }
  static Value value(Sum sum) { return sum; }
};

template <class Arithmetic> class Pass {
public:
  using Value = typename Arithmetic::Value;
  using Sum = typename Arithmetic::Sum;

  Pass(int64_t in, int64_t out) : filter(in, out) {
    for (int64_t i = 0; i < out; ++i)
      for (double weight : filter.weights(i))
        weights.push_back(Arithmetic::weight(weight));
  }

  /// [height, in, 3] → [height, out, 3].
  std::vector<Value> alongRows(const std::vector<Value> &from, int64_t height) const {
    std::vector<Value> to(static_cast<size_t>(height * filter.out() * channels));
    for (int64_t y = 0; y < height; ++y) {
      const Sum *weight = weights.data();
      Value *out = to.data() + y * filter.out() * channels;
      for (int64_t x = 0; x < filter.out(); ++x, out += channels) {
        const auto taps = static_cast<int64_t>(filter.weights(x).size());
        const Value *pixel = from.data() + (y * filter.in() + filter.first(x)) * channels;
        Sum sum[channels] = {};
        for (int64_t k = 0; k < taps; ++k, pixel += channels, ++weight)
          for (int64_t c = 0; c < channels; ++c)
            sum[c] += *weight * static_cast<Sum>(pixel[c]);
        for (int64_t c = 0; c < channels; ++c)
          out[c] = Arithmetic::value(sum[c]);
      }
    }
    return to;
  }

  /// [in, width, 3] → [out, width, 3].
  std::vector<Value> alongColumns(const std::vector<Value> &from, int64_t width) const {
    const int64_t row = width * channels;
    std::vector<Value> to(static_cast<size_t>(filter.out() * row));
    std::vector<Sum> sums(static_cast<size_t>(row));
    const Sum *weight = weights.data();
    for (int64_t y = 0; y < filter.out(); ++y) {
      std::fill(sums.begin(), sums.end(), Sum{});
      const auto taps = static_cast<int64_t>(filter.weights(y).size());
      for (int64_t k = 0; k < taps; ++k, ++weight) {
        const Value *pixel = from.data() + (filter.first(y) + k) * row;
        for (int64_t x = 0; x < row; ++x)
          sums[static_cast<size_t>(x)] += *weight * static_cast<Sum>(pixel[x]);
      }
      std::transform(sums.begin(), sums.end(), to.begin() + y * row, Arithmetic::value);
    }
    return to;
  }

private:
  BilinearFilter filter;
  std::vector<Sum> weights; // of all output pixels, one after another
};

/// A pass that keeps a length would weigh every pixel with 1, and is left out.
template <class Arithmetic, class Picture>
Picture resizedWith(const Picture &image, ImageSize size) {
  Picture result = image;
  if (size.width != image.size.width)
    result.rgb =
        Pass<Arithmetic>(image.size.width, size.width).alongRows(result.rgb, image.size.height);
  if (size.height != image.size.height)
    result.rgb =
        Pass<Arithmetic>(image.size.height, size.height).alongColumns(result.rgb, size.width);
  result.size = size;
  return result;
}

} // namespace

Image resized(const Image &image, ImageSize size) { return resizedWith<GreyLevels>(image, size); }

RealImage resized(const RealImage &image, ImageSize size) {
  return resizedWith<Reals>(image, size);
}

} // namespace step37
