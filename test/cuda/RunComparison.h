// What a GPU run has to keep to, as verdicts on the files that it leaves: probes beside golden
// values, logs beside other logs, the memory it reports. The thresholds are given where the runs
// are started (tools/test-gpu.sh); none of this needs a GPU.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace step37::test {

struct Verdict {
  bool holds = true;
  std::string text; // the figures and their limits
};

/// Limits of a probe beside golden values; relative errors in norm.
struct ProbeLimits {
  double logits = 0;                // of all logits
  double median = 0, ninetieth = 0; // of the errors of single tokens: median, 90th percentile
  double gradient = 0;              // of the worst gradient
};

/// A file of --probe --grads beside `logits`, or else `mtp_logits`, of one file and all gradients,
/// by published name, of another. Throws Error naming file and tensor where one is missing.
Verdict compareProbe(const std::filesystem::path &probe, const std::filesystem::path &golden,
                     const std::filesystem::path &gradients, const ProbeLimits &limits);

/// Two logs of --log: as many steps, and no loss farther apart than `within`.
Verdict compareCurves(const std::filesystem::path &first, const std::filesystem::path &second,
                      double within);

/// Two logs with the same steps, losses and gradient norms, to the last digit.
Verdict sameCurves(const std::filesystem::path &first, const std::filesystem::path &second);

/// A log whose losses are finite, the mean of the last quarter below that of the first by at least
/// `least`.
Verdict fallingCurve(const std::filesystem::path &log, double least);

/// The line "memory: planned …" of what a run has printed: held and planned bytes differ by at most
/// `within` of the planned ones.
Verdict memoryHeld(const std::filesystem::path &printed, double within);

} // namespace step37::test
