#include "codegen/report/MeshRanking.h"

#include "codegen/report/PredictionReport.h"
#include "runtime/base/Error.h"
#include "runtime/base/Printed.h"
#include "runtime/base/Quantities.h"
#include "runtime/base/TextTable.h"

#include <algorithm>
#include <tuple>

namespace step37::report {
namespace {

/// A part of a training step, and how it is called.
struct Share {
  std::string what;
  double seconds = 0;
};

void keepLarger(Share &largest, std::string what, double seconds) {
  if (seconds > largest.seconds)
    largest = {std::move(what), seconds};
}

/// "52 % exchange of update, most of it reduce_scatter over dp".
std::string mostlyText(const Prediction &prediction, int64_t microBatches) {
  Share part, item;
  for (const auto &[cost, runs] : prediction.stepPrograms(microBatches)) {
    const ProgramCost &program = *cost;
    if (runs * program.kernels > part.seconds) {
      const FamilyCost &family = program.families.front();
      part = {"kernels of " + program.name, runs * program.kernels};
      item = {family.family + " " + family.variant};
    }
    if (runs * program.exposed() > part.seconds) {
      part = {"exchange of " + program.name, runs * program.exposed()};
      item = {};
      for (const ExchangeCost &cost : prediction.exchanges)
        if (cost.group.program == program.name)
          keepLarger(item, cost.group.exchange + " over " + axesText(cost.group.axes),
                     cost.seconds);
    }
  }
  return printed("%.0f %% ", 100 * part.seconds / *prediction.stepSeconds(microBatches)) +
         part.what + ", most of it " + item.what;
}

double secondsPerToken(const MeshCost &cost, int64_t microBatches) {
  return *cost.prediction.stepSeconds(microBatches) /
         double(microBatches * cost.prediction.batchTokens);
}

std::string recomputeText(const MeshCost &cost) {
  return cost.recompute == "none" ? "" : " with --recompute " + cost.recompute;
}

std::string noneText(const std::vector<MeshCost> &costs, const Cluster &cluster) {
  const MeshCost &closest = *std::ranges::min_element(costs, {}, &MeshCost::memory);
  return "of " + counted(std::ssize(costs), "candidate") + " for " + counted(cluster.gpus, "GPU") +
         " none fits into " + readableBytes(cluster.memory) + " a GPU; the closest, " +
         plan::describe(closest.mesh) + recomputeText(closest) + ", needs " +
         readableBytes(closest.memory) + ", " + readableBytes(closest.memory - cluster.memory) +
         " too much";
}

} // namespace

std::string rankingText(std::vector<MeshCost> costs, const Cluster &cluster, int64_t microBatches) {
  const auto tooLarge = std::ranges::count_if(
      costs, [&](const MeshCost &cost) { return cost.memory > cluster.memory; });
  if (tooLarge == std::ssize(costs))
    throw Error(noneText(costs, cluster));
  const auto all = std::ssize(costs);
  std::erase_if(costs, [&](const MeshCost &cost) { return cost.memory > cluster.memory; });
  std::ranges::sort(costs, {}, [&](const MeshCost &cost) {
    const plan::Mesh &mesh = cost.mesh;
    return std::tuple(secondsPerToken(cost, microBatches), cost.memory, mesh.tp, mesh.ep, mesh.etp);
  });

  TextTable table("rrrrrrrrrll");
  table.add({"dp", "tp", "ep", "etp", "memory a rank", "tokens a step", "ms a step", "us a token",
             "tokens/s", "recompute", "most of the time"});
  for (const MeshCost &cost : costs) {
    const double step = *cost.prediction.stepSeconds(microBatches);
    const int64_t tokens = microBatches * cost.prediction.batchTokens;
    table.add({std::to_string(cost.mesh.dp), std::to_string(cost.mesh.tp),
               std::to_string(cost.mesh.ep), std::to_string(cost.mesh.etp),
               readableBytes(cost.memory), grouped(tokens), printed("%.1f", step * 1e3),
               printed("%.3f", secondsPerToken(cost, microBatches) * 1e6),
               grouped(int64_t(double(tokens) / step)), cost.recompute,
               mostlyText(cost.prediction, microBatches)});
  }
  return "Meshes of " + describe(cluster) + "\n" + table.text() + "  " +
         grouped(std::ssize(costs)) + " of " + counted(all, "candidate") + " fit into " +
         readableBytes(cluster.memory) +
         " a GPU; first is the least predicted time a token, then the least memory\n" +
         costModelText();
}

} // namespace step37::report
