// What is noted and checked around the steps of a run that is watched. Executors call it after
// every step, whatever their device; what people see of it is made in runtime/report.
#pragma once

#include "codegen/spec/KernelSpec.h"
#include "runtime/plan/Plan.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

namespace step37 {

/// One run of one step. Times are in seconds since the watch began.
struct StepTime {
  int rank = 0, program = 0, step = 0;
  double begin = 0, seconds = 0;
};

/// All runs of one kernel by one program.
struct KernelTime {
  int64_t runs = 0;
  double seconds = 0;
};

/// All runs of one program, on any rank.
struct ProgramTime {
  int64_t runs = 0;
  std::vector<KernelTime> kernels; // by kernel of the target
};

class StepWatch {
public:
  /// `target` outlives the watch. `check`: results are looked at; times are noted in any case.
  StepWatch(const plan::Target &target, bool check);

  bool checks() const { return check; }

  /// Seconds since the watch began.
  double now() const;

  /// Notes a step that has run. Ranks may call it at the same time.
  void note(const StepTime &time);

  /// Copies bytes of a rank's arena, from an offset on, as they are after the step.
  using Fetch = std::function<void(int64_t offset, std::span<std::byte> bytes)>;

  /// Looks at everything that a step has written, scratch excepted. Throws Error naming program,
  /// step, origin, buffer and element of the first value that is NaN or infinite.
  void requireFinite(int program, size_t step, const Fetch &fetch) const;

  /// The first steps that were noted, as many as a trace can show.
  const std::vector<StepTime> &steps() const { return noted; }
  static constexpr size_t mostSteps = 1'000'000;
  bool sawMoreSteps() const { return dropped; }

  /// By program of the target: all that was noted.
  const std::vector<ProgramTime> &programs() const { return totals; }

private:
  const plan::Target &target;
  const bool check;
  std::vector<spec::KernelSpec> specs; // of the target's kernels
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  std::mutex mutex;
  std::vector<StepTime> noted;
  std::vector<ProgramTime> totals;
  bool dropped = false;
};

} // namespace step37
