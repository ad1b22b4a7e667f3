// Where the time of a run went: a table by kernel family, beside what the device could do. Bytes
// and operations come from the kernels' specs (codegen/cost/Work.h), times from StepWatch.
#pragma once

#include "codegen/cost/Ceilings.h"
#include "runtime/exec/base/StepWatch.h"
#include "runtime/plan/Plan.h"

#include <string>
#include <vector>

namespace step37::report {

/// All kernels of one family and variant in one program: sums over its runs.
struct FamilyTime {
  std::string family, variant;
  int64_t runs = 0;
  double seconds = 0, operations = 0, bytes = 0;
  double floor = 0; // seconds that the ceilings allow: every run's larger term
};

/// Longest first; families that the program did not run are left out.
std::vector<FamilyTime> familyTimes(const plan::Target &target, const ProgramTime &program,
                                    const Ceilings &ceilings);

/// How long a program's exchanges ran in the steps that were noted, of one rank, and how long of it
/// no step that computes ran. Time that an exchange waits for another rank counts.
struct ExchangeTime {
  double seconds = 0, exposed = 0;
};
ExchangeTime exchangeTime(const plan::Target &target, int program,
                          const std::vector<StepTime> &steps, int rank);

/// A table for each program that has run, per run of the program, with a total and what of exchange
/// no kernel hides; then a line that states the ceilings. "of limit" is the floor over the time:
/// 100 % cannot be beaten.
std::string profileText(const plan::Target &target, const StepWatch &watch,
                        const std::string &device);

} // namespace step37::report
