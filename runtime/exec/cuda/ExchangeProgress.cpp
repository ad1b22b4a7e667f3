#include "runtime/exec/cuda/ExchangeProgress.h"

#include "runtime/exec/cuda/DriverFunctions.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace step37::cuda {

ExchangeProgress::ExchangeProgress(const Driver &driver, std::vector<std::string> exchangeNames)
    : driver(driver), names(std::move(exchangeNames)),
      numbers(driver, int64_t(std::max<size_t>(names.size(), 1) * sizeof *word),
              "numbers of exchanges") {
  std::vector<unsigned> values(names.size());
  std::iota(values.begin(), values.end(), 1U);
  numbers.upload(0, std::as_bytes(std::span(values)));
  void *memory = nullptr;
  driver.check(driver.call().cuMemAllocHost(&memory, sizeof *word), "a word of host memory");
  word = static_cast<unsigned *>(memory);
  *word = 0;
}

ExchangeProgress::~ExchangeProgress() { driver.call().cuMemFreeHost(word); }

void ExchangeProgress::enqueueBegin(int number, CUstream stream) const {
  const CUdeviceptr from = numbers.address() + CUdeviceptr(number) * sizeof *word;
  driver.check(driver.call().cuMemcpyDtoHAsync(word, from, sizeof *word, stream),
               "noting an exchange");
}

std::string ExchangeProgress::text() const {
  const unsigned begun = *static_cast<volatile unsigned *>(word);
  return begun == 0 ? "before the first exchange" : "at " + names[begun - 1];
}

} // namespace step37::cuda
