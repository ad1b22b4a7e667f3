// How far a GPU's stream has come among its exchanges with other GPUs: a word of host memory that
// the stream itself writes before each, so that a hang can say where it is though the stream never
// comes to its end.
#pragma once

#include "runtime/exec/cuda/Driver.h"

#include <string>
#include <vector>

namespace step37::cuda {

class ExchangeProgress {
public:
  /// `names`: of the exchanges, by number.
  ExchangeProgress(const Driver &driver, std::vector<std::string> names);
  ~ExchangeProgress();
  ExchangeProgress(const ExchangeProgress &) = delete;
  ExchangeProgress &operator=(const ExchangeProgress &) = delete;

  const std::string &name(int number) const { return names[static_cast<size_t>(number)]; }

  /// Enqueues that an exchange begins.
  void enqueueBegin(int number, CUstream stream) const;

  /// "at <name>", or "before the first exchange". From any thread.
  std::string text() const;

private:
  const Driver &driver;
  const std::vector<std::string> names;
  Memory numbers;           // 1, 2, …: copied from here, which a graph can do
  unsigned *word = nullptr; // number + 1 of the last exchange that has begun
};

} // namespace step37::cuda
