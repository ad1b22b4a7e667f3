// See ExchangeProgress.h. Memory of the host that the driver has allocated has one address on both
// sides.
#include "runtime/cuda/ExchangeProgress.h"

#include "runtime/cuda/DriverFunctions.h"

namespace step37::cuda {

ExchangeProgress::ExchangeProgress(const Driver &driver) : driver(driver) {
  void *memory = nullptr;
  driver.check(driver.call().cuMemAllocHost(&memory, sizeof *word), "a word of host memory");
  word = static_cast<unsigned *>(memory);
  *word = 0;
}

ExchangeProgress::~ExchangeProgress() { driver.call().cuMemFreeHost(word); }

int ExchangeProgress::add(std::string name) {
  names.push_back(std::move(name));
  return static_cast<int>(names.size()) - 1;
}

void ExchangeProgress::enqueue(unsigned value, CUstream stream) const {
  driver.check(
      driver.call().cuMemsetD32Async(reinterpret_cast<CUdeviceptr>(word), value, 1, stream),
      "noting an exchange");
}

void ExchangeProgress::enqueueBegin(int number, CUstream stream) const {
  enqueue(2 * static_cast<unsigned>(number) + 1, stream);
}

void ExchangeProgress::enqueueEnd(int number, CUstream stream) const {
  enqueue(2 * static_cast<unsigned>(number) + 2, stream);
}

std::string ExchangeProgress::text() const {
  const unsigned value = *static_cast<volatile unsigned *>(word);
  if (value == 0)
    return "before the first exchange";
  const std::string &name = names[(value - 1) / 2];
  return (value % 2 == 1 ? "in " : "after ") + name;
}

} // namespace step37::cuda
