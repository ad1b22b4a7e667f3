#include "tools/step37c/PlanMeshCommand.h"

#include "codegen/driver/MeshSearch.h"
#include "codegen/report/MeshRanking.h"
#include "runtime/base/Error.h"
#include "tools/step37c/ClusterFlag.h"
#include "tools/step37c/ModelFlags.h"

#include <algorithm>
#include <iostream>

namespace step37 {
namespace {

struct PlanMeshOptions {
  CompileOptions compile;
  std::string gpus, memory, links;
  int64_t microBatches = 1;
};

/// One text for parseCluster, which refuses what is given twice.
report::Cluster clusterOf(const PlanMeshOptions &options) {
  std::string text = "gpus=" + options.gpus;
  if (!options.memory.empty())
    text += ",memory=" + options.memory;
  if (!options.links.empty())
    text += "," + options.links;
  return clusterFlag("--gpus, --memory, --cluster", text);
}

void planMesh(const PlanMeshOptions &options) {
  const report::Cluster cluster = clusterOf(options);
  const std::vector<std::string> &programs = options.compile.programs;
  if (!programs.empty() && std::ranges::count(programs, "train") == 0)
    throw CLI::ValidationError("--programs", "meshes are ranked by what training costs");
  std::cout << report::rankingText(meshCosts(options.compile, cluster), cluster,
                                   options.microBatches)
            << std::flush;
  if (!std::cout)
    throw Error("standard output: cannot write");
}

} // namespace

void addPlanMeshCommand(CLI::App &app) {
  auto *command = app.add_subcommand(
      "plan-mesh", "list the meshes of so many GPUs that a config fits, best first");
  auto options = std::make_shared<PlanMeshOptions>();
  addModelFlags(*command, options->compile);
  command->get_option("config")->required();
  CLI::Option_group *machines = command->add_option_group("Machines");
  machines->add_option("--gpus", options->gpus, "GPUs of the job")->required();
  machines->add_option("--memory", options->memory,
                       "what a plan may take of a GPU's, as 141GB (default: an H200's)");
  machines->add_option("--cluster", options->links,
                       "nvlink=8,nvlink-bandwidth=478GB/s,network-bandwidth=50GB/s,latency=5us "
                       "(these are the defaults)");
  machines
      ->add_option("--grad-accumulation", options->microBatches, "micro-batches of a training step")
      ->check(positiveCount())
      ->capture_default_str();
  command->callback([=] { planMesh(*options); });
}

} // namespace step37
