// Which rank of which job this process is, as the launcher that started it says in its environment:
// torchrun, srun or mpirun, or our own (Launcher.h), which speaks as torchrun does. Meeting the
// others is Job.h.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace step37::job {

struct RankEnvironment {
  int rank = 0, world = 1;
  int localRank = 0;                // among those of this machine: which GPU
  std::string address;              // of rank 0
  int port = 0;                     // where rank 0 listens
  const char *launcher = "nothing"; // for messages: "torchrun", "srun", "mpirun"
};

/// Value of an environment variable, or null.
using Variables = std::function<const char *(const char *name)>;

/// Reads the variables of the first launcher that has set its rank:
///   torchrun  RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT
///   srun      SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID; the first host of SLURM_STEP_NODELIST
///   mpirun    OMPI_COMM_WORLD_RANK, _SIZE, _LOCAL_RANK; this machine where all ranks are on it
/// MASTER_ADDR and MASTER_PORT go before what the last two would choose; where neither says a port
/// it follows from the job's number. Empty where no launcher has started this process. Throws Error
/// naming the variable that is missing or makes no sense.
std::optional<RankEnvironment> rankEnvironment(const Variables &variables);

/// The first host of a Slurm node list: "node[03-05,7],other" gives "node03".
std::string firstHost(const std::string &nodeList);

} // namespace step37::job
