#include "codegen/cost/ExpectedTime.h"

#include "codegen/cost/Work.h"

#include <algorithm>

namespace step37 {
namespace {

// Of a nanosecond; round figures below what docs/performance.md measures on an H200.
constexpr double tensorOperations = 600e3, operations = 40e3, memoryBytes = 3.5e3;
// NCCL on two of them moves 200 to 270 GB/s, and takes 20 us for the smallest exchange.
constexpr double linkBytes = 200, exchangeStart = 20e3, launch = 3e3;

} // namespace

int64_t expectedNanoseconds(const spec::KernelSpec &spec) {
  if (spec::rankGroupOf(spec))
    return int64_t(exchangeStart + double(spec::bytesSent(spec)) / linkBytes);
  spec::Work work = spec::workOf(spec);
  return int64_t(std::max({launch, work.bytes / memoryBytes,
                           work.operations / (work.tensorCores ? tensorOperations : operations)}));
}

} // namespace step37
