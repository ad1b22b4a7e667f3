#include "tools/step37c/ShowCommand.h"

#include "bridge/TensorMap.h"
#include "codegen/report/JsonReport.h"
#include "codegen/report/PredictionReport.h"
#include "codegen/report/TextReport.h"
#include "runtime/base/Error.h"
#include "runtime/plan/PlanFile.h"
#include "tools/step37c/ClusterFlag.h"

#include <iostream>
#include <optional>

namespace step37 {
namespace {

struct ShowOptions {
  std::string plan;
  bool memory = false, kernels = false, params = false, json = false;
  std::string cluster; // empty: not given
  int64_t microBatches = 1;
};

/// The target that a cluster's GPUs run.
const plan::Target &gpuTarget(const plan::Plan &plan, const std::string &path) {
  if (const plan::Target *target = plan.findTarget("cuda"))
    return *target;
  throw Error(path + ": has no target cuda, which --cluster needs: compile it with --target cuda " +
              "(and --no-kernel-images, if it is only to be looked at)");
}

std::string shown(const ShowOptions &options) {
  std::optional<report::Cluster> cluster;
  if (!options.cluster.empty())
    cluster = clusterFlag("--cluster", options.cluster);
  const plan::Plan plan = plan::load(options.plan);
  const TensorMap map = tensorMapOf(plan, options.plan);
  if (options.json) {
    nlohmann::ordered_json json = report::jsonReport(plan, map.tensors());
    if (cluster)
      json["prediction"] = report::predictionJson(plan, gpuTarget(plan, options.plan), *cluster,
                                                  options.microBatches);
    return json.dump(1) + "\n";
  }
  std::string text = report::summaryText(plan, map.tensors());
  if (options.memory)
    text += report::memoryText(plan);
  if (options.kernels)
    text += report::kernelsText(plan);
  if (options.params)
    text += report::paramsText(plan, map.tensors());
  if (cluster)
    text +=
        report::predictionText(plan, gpuTarget(plan, options.plan), *cluster, options.microBatches);
  return text;
}

} // namespace

void addShowCommand(CLI::App &app) {
  auto *command = app.add_subcommand("show", "print what a plan holds");
  auto options = std::make_shared<ShowOptions>();
  command->add_option("plan", options->plan, "the plan")->required();
  command->add_flag("--memory", options->memory, "add what makes the peak of memory up");
  command->add_flag("--kernels", options->kernels, "add every kernel: variant, why, how often");
  command->add_flag("--params", options->params, "add every published tensor");
  command->add_flag("--json", options->json, "all of it as one JSON document instead");
  CLI::Option *cluster =
      command->add_option("--cluster", options->cluster,
                          "add what the plan costs on GPUs that need not be there: "
                          "gpus=64,nvlink=8,nvlink-bandwidth=478GB/s,network-bandwidth=50GB/s,"
                          "latency=5us,memory=141GB (gpus is needed, the others are defaults)");
  command
      ->add_option("--grad-accumulation", options->microBatches,
                   "micro-batches of a training step there")
      ->check(CLI::Range(int64_t{1}, int64_t{INT32_MAX}))
      ->capture_default_str()
      ->needs(cluster);
  command->callback([=] {
    std::cout << shown(*options) << std::flush;
    if (!std::cout)
      throw Error("standard output: cannot write");
  });
}

} // namespace step37
