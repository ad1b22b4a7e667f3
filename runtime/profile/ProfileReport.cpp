#include "runtime/profile/ProfileReport.h"

#include "codegen/cost/Work.h"
#include "codegen/spec/SpecJson.h"
#include "runtime/base/Printed.h"
#include "runtime/base/Quantities.h"
#include "runtime/base/TextTable.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

namespace step37::report {
namespace {

/// Time that one run takes at least.
double floorOf(const spec::Work &work, const Ceilings &ceilings) {
  if (ceilings.memory == 0)
    return 0;
  const double rate = work.tensorCores ? ceilings.tensor : ceilings.f32;
  return std::max(work.operations / rate, work.bytes / ceilings.memory);
}

/// A rate, or nothing where there is none to speak of.
std::string rate(double count, double seconds) {
  return count > 0 && seconds > 0 ? printed("%.2f", count / seconds / 1e12) : std::string();
}

std::string percent(double part, double whole) {
  return part > 0 && whole > 0 ? printed("%.1f %%", 100 * part / whole) : std::string();
}

/// Per run of the program; rates and shares are the same for one and for all.
std::vector<std::string> rowOf(const FamilyTime &time, double total, int64_t programRuns) {
  return {time.family,
          time.variant,
          std::to_string(time.runs / programRuns),
          printed("%.3f", time.seconds * 1e3 / static_cast<double>(programRuns)),
          percent(time.seconds, total),
          rate(time.operations, time.seconds),
          rate(time.bytes, time.seconds),
          percent(time.floor, time.seconds)};
}

std::string tableText(const std::vector<FamilyTime> &times, int64_t programRuns) {
  FamilyTime total;
  total.family = "all";
  for (const FamilyTime &time : times) {
    total.runs += time.runs;
    total.seconds += time.seconds;
    total.operations += time.operations;
    total.bytes += time.bytes;
    total.floor += time.floor;
  }
  TextTable table("llrrrrrr");
  table.add({"family", "variant", "runs", "ms", "share", "TFLOP/s", "TB/s", "of limit"});
  for (const FamilyTime &time : times)
    table.add(rowOf(time, total.seconds, programRuns));
  table.add(rowOf(total, total.seconds, programRuns));
  return table.text();
}

} // namespace

std::vector<FamilyTime> familyTimes(const plan::Target &target, const ProgramTime &program,
                                    const Ceilings &ceilings) {
  std::map<std::pair<std::string, std::string>, FamilyTime> byFamily;
  for (size_t i = 0; i < target.kernels.size(); ++i) {
    const plan::Kernel &kernel = target.kernels[i];
    const KernelTime &time = program.kernels[i];
    if (time.runs == 0)
      continue;
    const spec::Work work = spec::workOf(spec::parseSpec(kernel.family, kernel.spec));
    const auto runs = static_cast<double>(time.runs);
    FamilyTime &family = byFamily[{kernel.family, kernel.variant}];
    family.family = kernel.family;
    family.variant = kernel.variant;
    family.runs += time.runs;
    family.seconds += time.seconds;
    family.operations += runs * work.operations;
    family.bytes += runs * work.bytes;
    family.floor += runs * floorOf(work, ceilings);
  }
  std::vector<FamilyTime> times;
  for (auto &[key, family] : byFamily)
    times.push_back(std::move(family));
  std::ranges::sort(times, std::greater(), &FamilyTime::seconds);
  return times;
}

ExchangeTime exchangeTime(const plan::Target &target, int program,
                          const std::vector<StepTime> &steps, int rank) {
  // By time: where a step of a stream begins (+1) and ends (−1).
  std::vector<std::tuple<double, int, int>> changes;
  for (const StepTime &time : steps) {
    if (time.program != program || time.rank != rank)
      continue;
    const plan::Step &step =
        target.programs[static_cast<size_t>(program)].steps[static_cast<size_t>(time.step)];
    const int exchanges = step.kind == plan::StepKind::collective;
    changes.emplace_back(time.begin, exchanges, 1);
    changes.emplace_back(time.begin + time.seconds, exchanges, -1);
  }
  std::sort(changes.begin(), changes.end());
  ExchangeTime sum;
  std::array<int, 2> running{};
  double before = 0;
  for (const auto &[now, exchanges, change] : changes) {
    if (running[1] > 0)
      sum.seconds += now - before;
    if (running[1] > 0 && running[0] == 0)
      sum.exposed += now - before;
    running[static_cast<size_t>(exchanges)] += change;
    before = now;
  }
  return sum;
}

namespace {

std::string exchangeText(const plan::Target &target, const StepWatch &watch, int program) {
  if (watch.steps().empty() || watch.sawMoreSteps())
    return {};
  const ExchangeTime time = exchangeTime(target, program, watch.steps(), watch.steps()[0].rank);
  if (time.seconds == 0)
    return {};
  const auto runs = static_cast<double>(watch.programs()[static_cast<size_t>(program)].runs);
  return printed("  exchange: %.3f ms a run, %.3f ms of it beside no kernel\n",
                 time.seconds / runs * 1e3, time.exposed / runs * 1e3);
}

} // namespace

std::string profileText(const plan::Target &target, const StepWatch &watch,
                        const std::string &device) {
  const Ceilings ceilings = ceilingsOf(device);
  std::string text;
  for (size_t i = 0; i < target.programs.size(); ++i)
    if (const ProgramTime &program = watch.programs()[i]; program.runs > 0)
      text += "Time of program " + target.programs[i].name + " by kernel family, " +
              counted(program.runs, "run") + "\n" +
              tableText(familyTimes(target, program, ceilings), program.runs) +
              exchangeText(target, watch, static_cast<int>(i));
  if (ceilings.memory == 0)
    return text + "  no limits are known of this device";
  return text +
         printed(
             "  limits: bf16 products %.0f TFLOP/s, f32 products %.0f TFLOP/s, memory %.2f TB/s "
             "(",
             ceilings.tensor / 1e12, ceilings.f32 / 1e12, ceilings.memory / 1e12) +
         ceilings.source + ")";
}

} // namespace step37::report
