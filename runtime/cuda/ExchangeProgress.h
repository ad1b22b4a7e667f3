// How far a GPU's stream has come among its exchanges with other GPUs: a word of host memory that
// the stream itself writes before and behind each, so that a hang can say where it is though the
// stream never ends.
#pragma once

#include "runtime/cuda/Driver.h"

#include <string>
#include <vector>

namespace step37::cuda {

class ExchangeProgress {
public:
  explicit ExchangeProgress(const Driver &driver);
  ~ExchangeProgress();
  ExchangeProgress(const ExchangeProgress &) = delete;
  ExchangeProgress &operator=(const ExchangeProgress &) = delete;

  /// Takes an exchange in, under this name; returns its number.
  int add(std::string name);

  /// Enqueues that an exchange begins, or is done.
  void enqueueBegin(int number, CUstream stream) const;
  void enqueueEnd(int number, CUstream stream) const;

  /// "in <name>", "after <name>", or "before the first exchange". From any thread.
  std::string text() const;

private:
  void enqueue(unsigned value, CUstream stream) const;

  const Driver &driver;
  std::vector<std::string> names;
  unsigned *word = nullptr; // 0; 2·number + 1 in an exchange, 2·number + 2 behind it
};

} // namespace step37::cuda
