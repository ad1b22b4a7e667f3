// The trace event format of Chrome, events of phase X; see TraceFile.h.
#include "runtime/profile/TraceFile.h"

#include "runtime/base/AtomicFile.h"

namespace step37::report {
namespace {

nlohmann::ordered_json eventOf(const plan::Target &target, const StepTime &time) {
  constexpr double microseconds = 1e6;
  const plan::Program &program = target.programs[static_cast<size_t>(time.program)];
  const plan::Step &step = program.steps[static_cast<size_t>(time.step)];
  const plan::Kernel &kernel = target.kernels[static_cast<size_t>(step.kernel)];
  return {{"name", step.origin},
          {"cat", kernel.family},
          {"ph", "X"},
          {"ts", time.begin * microseconds},
          {"dur", time.seconds * microseconds},
          {"pid", time.rank},
          {"tid", step.stream},
          {"args",
           {{"program", program.name},
            {"step", time.step},
            {"kernel", kernel.name},
            {"variant", kernel.variant}}}};
}

} // namespace

void writeTrace(const plan::Target &target, const StepWatch &watch,
                const std::filesystem::path &path) {
  AtomicFile file(path);
  file.write(R"({"displayTimeUnit":"ms","traceEvents":[)");
  const char *before = "\n";
  for (const StepTime &time : watch.steps()) {
    file.write(before + eventOf(target, time).dump());
    before = ",\n";
  }
  file.write("\n]}\n");
  file.commit();
}

} // namespace step37::report
