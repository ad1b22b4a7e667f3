// One reader for the variables of each launcher; see RankEnvironment.h.
#include "runtime/job/RankEnvironment.h"

#include "runtime/base/Error.h"

#include <charconv>

namespace step37::job {

namespace {

/// Where jobs of one machine find each other unless something else is said.
constexpr int firstPort = 20'000, ports = 10'000;

class Reader {
public:
  Reader(const Variables &variables, const char *launcher)
      : variables(variables), launcher(launcher) {}

  bool has(const char *name) const { return variables(name) != nullptr; }

  std::string text(const char *name) const {
    const char *value = variables(name);
    if (!value || !*value)
      fail(name, "is not set");
    return value;
  }

  /// In [lowest, highest].
  int number(const char *name, int lowest, int highest) const {
    const std::string value = text(name);
    int result = 0;
    const char *end = value.data() + value.size();
    if (std::from_chars(value.data(), end, result).ptr != end || result < lowest ||
        result > highest)
      fail(name, "is '" + value + "', expected a number from " + std::to_string(lowest) + " to " +
                     std::to_string(highest));
    return result;
  }

  [[noreturn]] void fail(const char *name, const std::string &what) const {
    throw Error(std::string(launcher) + " has started this process, but its variable " + name +
                " " + what);
  }

private:
  const Variables &variables;
  const char *launcher;
};

constexpr int maxRanks = 1 << 20, maxPort = 65'535;

/// Rank, size and local rank under a launcher's names.
RankEnvironment ranksOf(const Reader &reader, const char *launcher, const char *rank,
                        const char *world, const char *localRank) {
  RankEnvironment result;
  result.launcher = launcher;
  result.world = reader.number(world, 1, maxRanks);
  result.rank = reader.number(rank, 0, result.world - 1);
  result.localRank = reader.number(localRank, 0, result.world - 1);
  return result;
}

/// The same for all ranks of a job, and different for most jobs.
int portOf(const Reader &reader, const char *jobNumber) {
  if (reader.has("MASTER_PORT"))
    return reader.number("MASTER_PORT", 1, maxPort);
  int sum = 0;
  for (const char digit : reader.has(jobNumber) ? reader.text(jobNumber) : std::string())
    sum = (sum * 31 + static_cast<unsigned char>(digit)) % ports;
  return firstPort + sum;
}

RankEnvironment fromTorchrun(const Variables &variables) {
  const Reader reader(variables, "torchrun");
  RankEnvironment result = ranksOf(reader, "torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK");
  result.address = reader.text("MASTER_ADDR");
  result.port = reader.number("MASTER_PORT", 1, maxPort);
  return result;
}

RankEnvironment fromSlurm(const Variables &variables) {
  const Reader reader(variables, "srun");
  RankEnvironment result = ranksOf(reader, "srun", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID");
  result.address = reader.has("MASTER_ADDR") ? reader.text("MASTER_ADDR")
                                             : firstHost(reader.text("SLURM_STEP_NODELIST"));
  result.port = portOf(reader, "SLURM_JOB_ID");
  return result;
}

RankEnvironment fromOpenMpi(const Variables &variables) {
  const Reader reader(variables, "mpirun");
  RankEnvironment result = ranksOf(reader, "mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                                   "OMPI_COMM_WORLD_LOCAL_RANK");
  const int here = reader.number("OMPI_COMM_WORLD_LOCAL_SIZE", 1, result.world);
  if (reader.has("MASTER_ADDR"))
    result.address = reader.text("MASTER_ADDR");
  else if (here == result.world)
    result.address = "127.0.0.1";
  else
    reader.fail("MASTER_ADDR", "is not set, and the ranks are on several machines: give the "
                               "address of rank 0 with -x MASTER_ADDR=HOST");
  result.port = portOf(reader, "PMIX_NAMESPACE");
  return result;
}

} // namespace

std::optional<RankEnvironment> rankEnvironment(const Variables &variables) {
  if (variables("RANK"))
    return fromTorchrun(variables);
  if (variables("SLURM_PROCID") && variables("SLURM_STEP_NODELIST"))
    return fromSlurm(variables);
  if (variables("OMPI_COMM_WORLD_RANK"))
    return fromOpenMpi(variables);
  return std::nullopt;
}

std::string firstHost(const std::string &nodeList) {
  const size_t bracket = nodeList.find_first_of("[,");
  if (bracket == std::string::npos || nodeList[bracket] == ',')
    return nodeList.substr(0, bracket);
  const size_t end = nodeList.find_first_of("-,]", bracket);
  const size_t close = nodeList.find(']', bracket);
  const size_t comma = nodeList.find(',', close);
  if (close == std::string::npos)
    throw Error("'" + nodeList + "' is no list of nodes");
  return nodeList.substr(0, bracket) + nodeList.substr(bracket + 1, end - bracket - 1) +
         nodeList.substr(close + 1, comma == std::string::npos ? comma : comma - close - 1);
}

} // namespace step37::job
