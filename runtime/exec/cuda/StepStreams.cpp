#include "runtime/exec/cuda/StepStreams.h"

#include "runtime/exec/cuda/DriverFunctions.h"

namespace step37::cuda {

StepStreams::StepStreams(const Driver &driver) : driver(driver) {
  for (CUstream &stream : streams)
    driver.check(driver.call().cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING),
                 "creating a stream");
  began = createEvent();
  ended = createEvent();
}

void StepStreams::finish() const {
  for (CUstream stream : streams)
    if (stream)
      driver.call().cuStreamSynchronize(stream);
}

StepStreams::~StepStreams() {
  const Driver::Functions &call = driver.call();
  finish();
  for (const Prepared &prepared : programs)
    for (CUevent event : prepared.events)
      if (event)
        call.cuEventDestroy(event);
  for (CUevent event : {began, ended})
    if (event)
      call.cuEventDestroy(event);
  for (CUstream stream : streams)
    if (stream)
      call.cuStreamDestroy(stream);
}

void StepStreams::prepare(const plan::Program &program) {
  Prepared &prepared = programs.emplace_back(Prepared{&program, false, {}});
  prepared.events.resize(program.steps.size());
  for (const plan::Step &step : program.steps) {
    prepared.forks |= step.stream == 1;
    for (const int other : step.after)
      if (CUevent &event = prepared.events[static_cast<size_t>(other)]; !event)
        event = createEvent();
  }
}

void StepStreams::beginProgram(size_t program) const {
  if (!programs[program].forks)
    return;
  record(began, streams[0]);
  wait(streams[1], began);
}

void StepStreams::beginStep(size_t program, size_t step) const {
  const Prepared &prepared = programs[program];
  const plan::Step &begins = prepared.program->steps[step];
  for (const int other : begins.after)
    wait(of(begins), prepared.events[static_cast<size_t>(other)]);
}

void StepStreams::endStep(size_t program, size_t step) const {
  const Prepared &prepared = programs[program];
  if (prepared.events[step])
    record(prepared.events[step], of(prepared.program->steps[step]));
}

void StepStreams::endProgram(size_t program) const {
  if (!programs[program].forks)
    return;
  record(ended, streams[1]);
  wait(streams[0], ended);
}

CUevent StepStreams::createEvent() const {
  CUevent event = nullptr;
  driver.check(driver.call().cuEventCreate(&event, CU_EVENT_DISABLE_TIMING), "creating an event");
  return event;
}

void StepStreams::record(CUevent event, CUstream stream) const {
  driver.check(driver.call().cuEventRecord(event, stream), "recording an event");
}

void StepStreams::wait(CUstream stream, CUevent event) const {
  driver.check(driver.call().cuStreamWaitEvent(stream, event, 0), "waiting for an event");
}

} // namespace step37::cuda
