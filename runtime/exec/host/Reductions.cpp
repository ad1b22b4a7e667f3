// Host twins of ReduceSum, SumOfSquares and GlobalNorm: sums over fixed blocks, in order.
#include "runtime/exec/host/Elements.h"
#include "runtime/exec/host/HostKernels.h"
#include "runtime/exec/host/RowBlocks.h"
#include "runtime/exec/host/RowMath.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace step37::host {
namespace {

/// Elements that are summed in f32 before the sum goes up one level.
constexpr int64_t leaf = 1024;

/// Sum of squares of at most SumOfSquares::block elements: leaves, then a tree of pairs.
template <class T> float sumOfSquares(const T *x, int64_t count) {
  std::array<float, spec::SumOfSquares::block / leaf> sums{};
  std::array<float, leaf> values;
  for (int64_t begin = 0; begin < count; begin += leaf) {
    int64_t size = std::min(leaf, count - begin);
    loadRow(x + begin, size, values.data());
    sums[size_t(begin / leaf)] = dot(values.data(), values.data(), size);
  }
  for (size_t width = sums.size() / 2; width > 0; width /= 2)
    for (size_t i = 0; i < width; ++i)
      sums[i] += sums[i + width];
  return sums[0];
}

} // namespace

static void run(const spec::ReduceSum &spec, HostContext &context,
                const Buffers<spec::ReduceSum> &at) {
  auto *values = at.values.as<const float>();
  double total = 0;
  for (int64_t begin = 0; begin < spec.elements; begin += leaf) {
    double sum = 0;
    for (int64_t i = begin; i < std::min(spec.elements, begin + leaf); ++i)
      sum += values[i];
    total += sum;
  }
  *at.total.as<float>() = float(total);
}

static void run(const spec::SumOfSquares &spec, HostContext &context,
                const Buffers<spec::SumOfSquares> &at) {
  auto *partial = at.partial.as<float>();
  withType(spec.type, [&](auto zero) {
    auto *x = at.x.as<const decltype(zero)>();
    forEachBlock(context.pool, spec.elements, spec.block,
                 [&](int64_t block, int64_t first, int64_t last, int) {
                   partial[block] = sumOfSquares(x + first, last - first);
                 });
  });
}

static void run(const spec::GlobalNorm &spec, HostContext &context,
                const Buffers<spec::GlobalNorm> &at) {
  double squares = 0;
  for (size_t i = 0; i < spec.sizes.size(); ++i)
    for (int64_t j = 0; j < spec.sizes[i]; ++j)
      squares += at.partials[i].as<const float>()[j];
  float maxNorm = *at.max_norm.as<float>();
  double norm = std::sqrt(squares);
  *at.norm.as<float>() = float(norm);
  float clip = maxNorm > 0 ? float(std::min(1.0, double(maxNorm) / (norm + 1e-6))) : 1.0f;
  *at.clip.as<float>() = std::isfinite(float(norm)) ? clip : 0.0f;
}

HostTwin<spec::ReduceSum> twinOf(const spec::ReduceSum &) { return {run}; }
HostTwin<spec::SumOfSquares> twinOf(const spec::SumOfSquares &) { return {run}; }
HostTwin<spec::GlobalNorm> twinOf(const spec::GlobalNorm &) { return {run}; }

} // namespace step37::host
