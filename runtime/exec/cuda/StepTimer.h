// Times what runs on the GPU by events on its streams. The last mark is behind all others.
#pragma once

#include "runtime/exec/cuda/Driver.h"

#include <vector>

namespace step37::cuda {

class StepTimer {
public:
  explicit StepTimer(const Driver &driver) : driver(driver) {}
  ~StepTimer();
  StepTimer(const StepTimer &) = delete;
  StepTimer &operator=(const StepTimer &) = delete;

  /// Starts over.
  void begin() { marked = 0; }

  /// Enqueues a mark.
  void mark(CUstream stream);

  /// Waits for the last mark and returns the seconds from the first one to each.
  std::vector<double> seconds() const;

private:
  const Driver &driver;
  std::vector<CUevent> events; // as many as were ever needed
  size_t marked = 0;
};

} // namespace step37::cuda
