// The streams that steps of a plan run on, and the events by which one stream waits for the other:
// stream 0 computes, stream 1 exchanges data (runtime/plan/Plan.h, Step). What a step enqueues is
// CudaExecutor.h.
#pragma once

#include "runtime/exec/cuda/Driver.h"
#include "runtime/plan/Plan.h"

#include <array>
#include <vector>

namespace step37::cuda {

class StepStreams {
public:
  explicit StepStreams(const Driver &driver);
  ~StepStreams();
  StepStreams(const StepStreams &) = delete;
  StepStreams &operator=(const StepStreams &) = delete;

  /// Stream 0: where programs begin and end.
  CUstream compute() const { return streams[0]; }
  CUstream of(const plan::Step &step) const { return streams[static_cast<size_t>(step.stream)]; }

  /// Waits for both, whatever it comes to: before what they use is given back.
  void finish() const;

  /// Makes the events of a program; programs are prepared in the order of their numbers.
  void prepare(const plan::Program &program);

  /// Around a program and around each of its steps, on the streams or while these are captured:
  /// stream 1 begins behind all that stream 0 was given before, and stream 0 goes on when both have
  /// ended.
  void beginProgram(size_t program) const;
  void beginStep(size_t program, size_t step) const;
  void endStep(size_t program, size_t step) const;
  void endProgram(size_t program) const;

private:
  struct Prepared {
    const plan::Program *program;
    bool forks = false;          // has steps on stream 1
    std::vector<CUevent> events; // by step; null where no step waits for it
  };

  CUevent createEvent() const;
  void record(CUevent event, CUstream stream) const;
  void wait(CUstream stream, CUevent event) const;

  const Driver &driver;
  std::array<CUstream, 2> streams{};
  CUevent began = nullptr,
          ended = nullptr; // of a program: stream 0 at its begin, stream 1 at its end
  std::vector<Prepared> programs;
};

} // namespace step37::cuda
