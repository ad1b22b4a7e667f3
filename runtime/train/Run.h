// The three things that step37-run does, from a loaded plan to files and log lines.
#pragma once

#include "runtime/exec/base/Executor.h"
#include "runtime/plan/Plan.h"
#include "runtime/train/Options.h"
#include "runtime/train/RunLog.h"

namespace step37 {

/// Trains from options.resume, options.input.weights or random initialisation to step
/// options.steps, logging every step and saving checkpoints; ends with the held-out loss. A run
/// that was killed at any moment and resumed gives the same losses and weights, bit for bit, as one
/// left alone. Throws Error.
void runTraining(const plan::Plan &plan, const ExecutorOptions &executor,
                 const TrainOptions &options, RunLog &log);

/// Reports the held-out loss of options.weights. Throws Error.
void runEvaluation(const plan::Plan &plan, const ExecutorOptions &executor,
                   const InputOptions &options, RunLog &log);

/// See Probe.h.
void runProbe(const plan::Plan &plan, const ExecutorOptions &executor, const ProbeOptions &options,
              RunLog &log);

} // namespace step37
