#include "runtime/exec/cuda/ProductTuning.h"

#include "codegen/cost/Work.h"
#include "runtime/base/FloatConversion.h"
#include "runtime/base/Printed.h"
#include "runtime/exec/cuda/DriverFunctions.h"

#include <algorithm>

namespace step37::cuda {

void ProductTuning::measure(const ProductStep &step, const ProductBuffers &at,
                            const std::function<void(const std::string &)> &say) {
  constexpr int most = 32;        // candidates
  constexpr double margin = 0.99; // of the time of the best one so far
  if (table.find(step.gemm, step.alignment))
    return;
  const auto operands = spec::byName<spec::Gemm, spec::Argument>(step.gemm, step.gemm.arguments());
  fill(at.a, operands.a);
  fill(at.b, operands.b);
  const std::vector<std::string> candidates = cublas.candidates(step, most);
  size_t best = 0;
  double first = 0, fastest = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const double time = seconds(*cublas.prepare(step, candidates[i]), at);
    if (i == 0)
      first = fastest = time;
    if (time < margin * fastest) {
      best = i;
      fastest = time;
    }
  }
  table.add({step.gemm, step.alignment, candidates[best]});
  const double operations = spec::workOf(step.gemm).operations;
  say(printed("%lld x %lld x %lld: candidate %zu of %zu, %.1f us, %.1f TFLOP/s, first %.1f us",
              static_cast<long long>(step.gemm.m), static_cast<long long>(step.gemm.n),
              static_cast<long long>(step.gemm.k), best + 1, candidates.size(), fastest * 1e6,
              operations / fastest / 1e12, first * 1e6));
}

/// Random numbers, since the clock of the tensor cores depends on what they multiply.
void ProductTuning::fill(CUdeviceptr to, const spec::Argument &argument) {
  constexpr size_t period = 1'000'003; // a prime: rows do not repeat
  std::normal_distribution<float> normal;
  std::vector<float> values(period);
  std::ranges::generate(values, [&] { return normal(random); });
  const auto size = static_cast<size_t>(byteSize(argument.type));
  std::vector<std::byte> bytes(period * size);
  convertFloats(values, argument.type, bytes);
  const size_t total = static_cast<size_t>(argument.elements) * size;
  for (size_t begin = 0; begin < total; begin += bytes.size())
    driver.check(
        driver.call().cuMemcpyHtoD(to + begin, bytes.data(), std::min(bytes.size(), total - begin)),
        "filling operands");
}

/// The median of several runs, after some that are not counted.
double ProductTuning::seconds(const Product &product, const ProductBuffers &at) {
  constexpr int warmUps = 2, runs = 9;
  timer.begin();
  for (int i = 0; i < warmUps; ++i)
    product.enqueue(at, stream);
  for (int i = 0; i < runs; ++i) {
    timer.mark(stream);
    product.enqueue(at, stream);
    timer.mark(stream);
  }
  const std::vector<double> marks = timer.seconds();
  std::vector<double> times;
  for (size_t i = 0; i < marks.size(); i += 2)
    times.push_back(marks[i + 1] - marks[i]);
  std::ranges::nth_element(times, times.begin() + runs / 2);
  return times[runs / 2];
}

} // namespace step37::cuda
