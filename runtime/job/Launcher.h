// Starts the ranks of a job as processes of this machine: what torchrun, srun or mpirun do on
// several. The ranks find each other through RankEnvironment.h and Job.h.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace step37::job {

/// Starts `count` processes of this very program with `arguments` (the program's name first), each
/// with the variables of torchrun for its rank, and waits for them. When one fails the others get
/// `grace` to end by themselves before they are killed; they die with this process, too. Returns 0,
/// or the exit code of the rank that failed first (128 + n for signal n).
int launchRanks(int count, const std::vector<std::string> &arguments,
                std::chrono::milliseconds grace = std::chrono::seconds(10));

} // namespace step37::job
