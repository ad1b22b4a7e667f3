#include "runtime/exec/cuda/StepTimer.h"

#include "runtime/exec/cuda/DriverFunctions.h"

namespace step37::cuda {

StepTimer::~StepTimer() {
  for (CUevent event : events)
    driver.call().cuEventDestroy(event);
}

void StepTimer::mark(CUstream stream) {
  if (marked == events.size()) {
    CUevent event = nullptr;
    driver.check(driver.call().cuEventCreate(&event, CU_EVENT_DEFAULT), "creating an event");
    events.push_back(event);
  }
  driver.check(driver.call().cuEventRecord(events[marked++], stream), "recording an event");
}

std::vector<double> StepTimer::seconds() const {
  std::vector<double> times;
  if (marked > 0)
    driver.check(driver.call().cuEventSynchronize(events[marked - 1]), "waiting for results");
  for (size_t i = 0; i < marked; ++i) {
    float milliseconds = 0;
    driver.check(driver.call().cuEventElapsedTime(&milliseconds, events[0], events[i]),
                 "time between events");
    times.push_back(double(milliseconds) / 1e3);
  }
  return times;
}

} // namespace step37::cuda
