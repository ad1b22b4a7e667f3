#include "codegen/report/PredictionReport.h"

#include "codegen/cost/Ceilings.h"
#include "runtime/base/Printed.h"
#include "runtime/base/Quantities.h"
#include "runtime/base/TextTable.h"

#include <cmath>
#include <cstdlib>

namespace step37::report {
namespace {

using Json = nlohmann::ordered_json;

std::string milliseconds(double seconds) { return printed("%.2f", seconds * 1e3); }

int64_t neededBytes(const plan::Plan &plan, const plan::Target &target) {
  return target.arena_bytes + plan.imageBytes(target);
}

std::string memoryText(const plan::Plan &plan, const plan::Target &target, const Cluster &cluster) {
  const int64_t needed = neededBytes(plan, target), over = needed - cluster.memory;
  TextTable table("lrrl");
  table.add({"needed", grouped(needed), readableBytes(needed)});
  table.add({"a GPU has", grouped(cluster.memory), readableBytes(cluster.memory)});
  table.add(
      {over > 0 ? "too much" : "left", grouped(std::abs(over)), readableBytes(std::abs(over))});
  return "Memory of a rank: " + std::string(over > 0 ? "does not fit" : "fits") + "\n" +
         table.text();
}

std::string linkText(const Placement &placement) {
  if (placement.domains == 1)
    return "NVLink";
  return placement.perDomain == 1 ? "network" : "both";
}

std::string exchangeText(const std::vector<ExchangeCost> &exchanges) {
  if (exchanges.empty())
    return {};
  TextTable table("lllrrlrrr");
  table.add({"program", "exchange", "axes", "ranks", "steps", "links", "bytes sent",
             "between domains", "ms"});
  for (const ExchangeCost &cost : exchanges)
    table.add({cost.group.program, cost.group.exchange, axesText(cost.group.axes),
               grouped(cost.group.ranks), grouped(cost.group.steps), linkText(cost.placement),
               grouped(cost.group.bytes), grouped(static_cast<int64_t>(cost.networkBytes)),
               milliseconds(cost.seconds)});
  return "\nExchange between ranks, a rank and run\n" + table.text();
}

std::string stepText(const Prediction &prediction, int64_t microBatches) {
  TextTable table("lrrrr");
  table.add({"program", "kernels", "exchange", "exposed", "ms"});
  for (const ProgramCost &program : prediction.programs)
    table.add({program.name, milliseconds(program.kernels), milliseconds(program.exchange),
               milliseconds(program.exposed()), milliseconds(program.seconds)});
  std::string text = "\nPredicted time of a run\n" + table.text();
  if (const std::optional<double> step = prediction.stepSeconds(microBatches)) {
    const double tokens = double(microBatches * prediction.batchTokens);
    text += "  A training step of " + grouped(microBatches) + " x " +
            counted(prediction.batchTokens, "token") + ": " + milliseconds(*step) + " ms, " +
            counted(std::llround(tokens / *step), "token") + "/s\n";
  }
  return text;
}

std::string familiesText(const ProgramCost &program) {
  TextTable table("llrrrrrrl");
  table.add({"family", "variant", "steps", "ms", "TFLOP", "GB", "of products", "of memory", ""});
  for (const FamilyCost &family : program.families)
    table.add({family.family, family.variant, grouped(family.steps), milliseconds(family.seconds),
               family.operations > 0 ? printed("%.3f", family.operations / 1e12) : "",
               printed("%.3f", family.bytes / 1e9),
               family.operations > 0 ? printed("%.4g", family.efficiency->products) : "",
               printed("%.4g", family.efficiency->memory), std::string(family.efficiency->source)});
  return "\nKernels of program " + program.name +
         ", a run; shares of the ceilings that they are expected to reach\n" + table.text();
}

Json exchangeJson(const ExchangeCost &cost) {
  return {{"program", cost.group.program},  {"exchange", cost.group.exchange},
          {"axes", cost.group.axes},        {"ranks", cost.group.ranks},
          {"steps", cost.group.steps},      {"domains", cost.placement.domains},
          {"bytes_sent", cost.group.bytes}, {"bytes_between_domains", cost.networkBytes},
          {"seconds", cost.seconds}};
}

Json programJson(const ProgramCost &program) {
  Json families = Json::array();
  for (const FamilyCost &family : program.families)
    families.push_back({{"family", family.family},
                        {"variant", family.variant},
                        {"steps", family.steps},
                        {"operations", family.operations},
                        {"bytes", family.bytes},
                        {"seconds", family.seconds}});
  return {{"name", program.name},
          {"kernel_seconds", program.kernels},
          {"exchange_seconds", program.exchange},
          {"exposed_seconds", program.exposed()},
          {"seconds", program.seconds},
          {"families", std::move(families)}};
}

} // namespace

std::string costModelText() {
  const Ceilings ceilings = ceilingsOf(costDevice);
  TextTable table("ll");
  table.add({"kernel", printed("the larger of operations and bytes over its share of %.0f TFLOP/s "
                               "bf16, %.0f f32, %.2f TB/s; at least %.0f us",
                               ceilings.tensor / 1e12, ceilings.f32 / 1e12, ceilings.memory / 1e12,
                               leastLaunch * 1e6)});
  table.add({"routing", "balanced: a rank's experts get the mean of rows"});
  table.add({"exchange", printed("%.0f us, the latency of each step of a ring, and bytes sent over "
                                 "the slowest link",
                                 exchangeStart * 1e6)});
  std::string shares;
  for (const LinkEfficiency &link : linkEfficiencies())
    shares += printed("%s%s %.2f and %.2f", shares.empty() ? "" : ", ",
                      std::string(link.exchange).c_str(), link.nvlink, link.network);
  table.add({"links", "of NVLink and network " + shares});
  table.add({"", std::string(linkSource)});
  table.add(
      {"overlap", "as the plan's two streams and waits allow; neither stream slows the other"});
  return "\nCost model\n" + table.text();
}

std::string predictionText(const plan::Plan &plan, const plan::Target &target,
                           const Cluster &cluster, int64_t microBatches) {
  const Prediction prediction = predict(plan, target, cluster);
  std::string text = "\nOn " + describe(cluster) + "\n\n" + memoryText(plan, target, cluster) +
                     exchangeText(prediction.exchanges) + stepText(prediction, microBatches);
  for (const ProgramCost &program : prediction.programs)
    text += familiesText(program);
  return text + costModelText();
}

Json predictionJson(const plan::Plan &plan, const plan::Target &target, const Cluster &cluster,
                    int64_t microBatches) {
  const Prediction prediction = predict(plan, target, cluster);
  const std::optional<double> step = prediction.stepSeconds(microBatches);
  const int64_t needed = neededBytes(plan, target), tokens = microBatches * prediction.batchTokens;
  Json exchange = Json::array(), programs = Json::array();
  for (const ExchangeCost &cost : prediction.exchanges)
    exchange.push_back(exchangeJson(cost));
  for (const ProgramCost &program : prediction.programs)
    programs.push_back(programJson(program));
  return {{"cluster",
           {{"gpus", cluster.gpus},
            {"nvlink", cluster.nvlink},
            {"nvlink_bandwidth", cluster.nvlinkBandwidth},
            {"network_bandwidth", cluster.networkBandwidth},
            {"latency", cluster.latency},
            {"memory", cluster.memory}}},
          {"memory",
           {{"needed", needed}, {"limit", cluster.memory}, {"fits", needed <= cluster.memory}}},
          {"exchange", std::move(exchange)},
          {"programs", std::move(programs)},
          {"micro_batches", microBatches},
          {"tokens", tokens},
          {"step_seconds", step ? Json(*step) : Json()},
          {"tokens_per_second", step ? Json(double(tokens) / *step) : Json()},
          {"overlap", true}};
}

} // namespace step37::report
