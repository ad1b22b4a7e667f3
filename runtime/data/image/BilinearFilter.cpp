// Triangle weights; see BilinearFilter.h.
#include "runtime/data/image/BilinearFilter.h"

#include <algorithm>
#include <cmath>

namespace step37 {

BilinearFilter::BilinearFilter(int64_t in, int64_t out) : inputs(in) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double width = std::max(scale, 1.0);
  for (int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto begin = std::max<int64_t>(static_cast<int64_t>(centre - width + 0.5), 0);
    const auto end = std::min<int64_t>(static_cast<int64_t>(centre + width + 0.5), in);
    double sum = 0;
    for (int64_t j = begin; j < end; ++j) {
      const double distance = std::abs(static_cast<double>(j) + 0.5 - centre);
      values.push_back(std::max(0.0, 1 - distance / width));
      sum += values.back();
    }
    for (size_t k = starts.back(); k < values.size(); ++k)
      values[k] /= sum;
    firsts.push_back(begin);
    starts.push_back(values.size());
  }
}

} // namespace step37
