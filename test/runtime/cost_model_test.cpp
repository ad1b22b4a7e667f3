// The cost model on plans made by hand: every formula of CostModel.h with its numbers written out,
// clusters that can and cannot be read, and the ranking of meshes.
#include "codegen/cost/CostModel.h"
#include "codegen/report/MeshRanking.h"
#include "codegen/report/PredictionReport.h"
#include "runtime/base/Error.h"
#include "test/runtime/MeshBigramPlan.h"

#include <gtest/gtest.h>

namespace step37::report {
namespace {

/// The message of the error that `act` throws.
template <class Act> std::string errorOf(Act act) {
  try {
    act();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

TEST(Cluster, readsEveryKeyAndUnit) {
  const Cluster defaults = parseCluster("gpus=64");
  EXPECT_EQ(defaults.gpus, 64);
  EXPECT_EQ(defaults.nvlink, 8);
  EXPECT_EQ(defaults.memory, 141'000'000'000);
  const Cluster cluster = parseCluster("memory=80GiB,latency=3us,network-bandwidth=25e9,"
                                       "nvlink-bandwidth=0.9TB/s,nvlink=4,gpus=12");
  EXPECT_EQ(cluster.memory, int64_t(80) << 30);
  EXPECT_DOUBLE_EQ(cluster.latency, 3e-6);
  EXPECT_DOUBLE_EQ(cluster.networkBandwidth, 25e9);
  EXPECT_DOUBLE_EQ(cluster.nvlinkBandwidth, 0.9e12);
  EXPECT_EQ(cluster.nvlink, 4);
  EXPECT_EQ(describe(cluster), "12 NVIDIA H200, 4 in an NVLink domain; NVLink 900 GB/s, network "
                               "25 GB/s a GPU, latency 3 us");
  EXPECT_EQ(parseCluster("gpus=2,nvlink=8").nvlink, 8) << "part of one domain";
}

TEST(Cluster, refusesWhatItCannotRead) {
  const auto message = [](const std::string &text) { return errorOf([&] { parseCluster(text); }); };
  const std::string known =
      "': is not one of gpus, latency, memory, network-bandwidth, nvlink, nvlink-bandwidth";
  EXPECT_EQ(message(""), "'" + known);
  EXPECT_EQ(message("gpu=8"), "'gpu" + known);
  EXPECT_EQ(message("gpus=8,"), "'" + known);
  EXPECT_EQ(message("gpus"), "gpus: has no value");
  EXPECT_EQ(message("gpus=8,nvlink=8,gpus=8"), "gpus: is given twice");
  EXPECT_EQ(message("gpus=1.5"), "gpus: '1.5' is not a number of GPUs");
  EXPECT_EQ(message("gpus=8GB"), "gpus: '8GB' is not a positive number like 8");
  EXPECT_EQ(message("gpus=0"), "gpus: '0' is not a positive number like 8");
  EXPECT_EQ(message("memory=-1"), "memory: '-1' is not a positive number like 141GB");
  EXPECT_EQ(message("memory=nan"), "memory: 'nan' is not a positive number like 141GB");
  EXPECT_EQ(message("memory=1e30"), "memory: '1e30' is not a positive number like 141GB");
  EXPECT_EQ(message("latency=5GB"), "latency: '5GB' is not a positive number like 5us");
  EXPECT_EQ(message("network-bandwidth=fast"),
            "network-bandwidth: 'fast' is not a positive number like 50GB/s");
  EXPECT_EQ(message("gpus=12,nvlink=8"), "nvlink: domains of 8 do not fill 12 GPUs");
}

TEST(CostModel, placesGroupsByRankOrder) {
  const plan::Mesh mesh = plan::makeMesh(8, 8, 8, 1); // axes dp:8 tp:8, tp the faster
  const auto expectPlaced = [&](const std::vector<std::string> &axes, int64_t nvlink,
                                int64_t domains, int64_t perDomain) {
    const Placement placement = placementOf(mesh, axes, {.gpus = 64, .nvlink = nvlink});
    EXPECT_EQ(placement.ranks, plan::rankCount(mesh, axes));
    EXPECT_EQ(placement.domains, domains);
    EXPECT_EQ(placement.perDomain, perDomain);
  };
  expectPlaced({"tp"}, 8, 1, 8);
  expectPlaced({"tp"}, 4, 2, 4);
  expectPlaced({"dp"}, 8, 8, 1);
  expectPlaced({"dp"}, 16, 4, 2);
  expectPlaced({"dp", "tp"}, 8, 8, 8);
  expectPlaced({"dp", "tp"}, 64, 1, 64);
}

/// Seconds and bytes between domains with the default cluster: 478e9 and 50e9 bytes a second, 5 µs.
TEST(CostModel, pricesExchangesByTheirSlowestLink) {
  const auto cost = [](const char *exchange, Placement placement, int64_t steps, int64_t bytes) {
    return costOf({"accumulate", exchange, {"dp"}, placement.ranks, steps, bytes}, placement, {});
  };
  const ExchangeCost inside = cost("all_reduce", {8, 1, 8}, 3, 1'000'000'000);
  EXPECT_DOUBLE_EQ(inside.seconds, 3 * (16e-6 + 14 * 5e-6) + 1e9 / (0.69 * 478e9));
  EXPECT_EQ(inside.networkBytes, 0);

  const ExchangeCost outside = cost("all_gather", {8, 8, 1}, 2, 1'000'000'000);
  EXPECT_DOUBLE_EQ(outside.seconds, 2 * (16e-6 + 7 * 5e-6) + 1e9 / (0.9 * 50e9));
  EXPECT_EQ(outside.networkBytes, 1e9);

  // Eight adapters share the ring's bytes and are faster than NVLink; two are not.
  const ExchangeCost wide = cost("reduce_scatter", {64, 8, 8}, 1, 1'000'000'000);
  EXPECT_DOUBLE_EQ(wide.seconds, 16e-6 + 63 * 5e-6 + 1e9 / (0.54 * 478e9));
  EXPECT_EQ(wide.networkBytes, 1e9 / 8);
  const ExchangeCost narrow = cost("reduce_scatter", {16, 8, 2}, 1, 1'000'000'000);
  EXPECT_DOUBLE_EQ(narrow.seconds, 16e-6 + 15 * 5e-6 + 1e9 / (2 * 0.9 * 50e9));

  // Of 15 others 7 are near, whoever knows how much there is.
  for (const char *exchange : {"all_to_all", "counted_all_to_all"}) {
    const ExchangeCost all = cost(exchange, {16, 2, 8}, 1, 15'000'000'000);
    EXPECT_DOUBLE_EQ(all.seconds, 16e-6 + 5e-6 + 8e9 / (0.9 * 50e9));
    EXPECT_DOUBLE_EQ(all.networkBytes, 8e9);
  }
}

/// Kernels by hand, for the GPU.
class KernelPlan : test::PlanBuilder {
public:
  /// 64 slots of two ranks' experts, so 32 rows on average, in three windows of 24: full, with 8
  /// rows, and empty; each with a product. Before them a large product and a fill of nothing much.
  /// `received`: of rows that ranks send, 32 each.
  plan::Plan build(bool received = false) {
    program("accumulate");
    for (const char *name : {"a", "b", "c", "x", "w", "y", "maps", "offsets", "slots"})
      temporary(name, DType::bf16, {1});
    launch(product(8192, 8192, 8192, DType::bf16, DType::bf16, DType::bf16), {"a", "b", "c"}, "m");
    launch(spec::Fill{4, 1}, {"a"}, "m");
    for (const int64_t first : {0, 24, 48}) {
      const std::string window = "window" + std::to_string(first), rows = window + ".rows";
      temporary(window, DType::i32, {3});
      temporary(rows, DType::i32, {64});
      if (received)
        launch(spec::ReceivedRows{2, 4, 32, std::min<int64_t>(24, 64 - first), first},
               {"offsets", "slots", window, rows, rows}, "m");
      else
        launch(spec::ExpertWindow{2, 64, first, 24}, {"offsets", "slots", window, rows}, "m");
      launch(spec::GroupedGemm{2, 24, 4096, 4096, true, DType::bf16},
             {"x", "w", window, "y", "maps"}, "m");
    }
    plan::Plan plan;
    plan.mesh = plan::makeMesh(2, 1, 2, 1);
    for (plan::Kernel &kernel : target.kernels)
      kernel.variant = kernel.family == "gemm"           ? "cublaslt"
                       : kernel.family == "grouped_gemm" ? "wgmma"
                                                         : "generic";
    target.name = "cuda";
    plan.targets = {std::move(target)};
    return plan;
  }
};

TEST(CostModel, pricesKernelsByTheirLargerTerm) {
  const plan::Plan plan = KernelPlan().build();
  const Prediction prediction = predict(plan, plan.targets[0], parseCluster("gpus=2"));
  ASSERT_EQ(prediction.programs.size(), 1u);
  const ProgramCost &program = prediction.programs[0];
  const auto family = [&](const std::string &name) {
    for (const FamilyCost &cost : program.families)
      if (cost.family == name)
        return cost;
    ADD_FAILURE() << name;
    return FamilyCost();
  };
  const double product = 2.0 * 8192 * 8192 * 8192;
  EXPECT_DOUBLE_EQ(family("gemm").seconds, product / (0.80 * 790e12));
  EXPECT_DOUBLE_EQ(family("fill").seconds, 4e-6);
  EXPECT_DOUBLE_EQ(family("expert_window").seconds, 3 * 4e-6);

  // x and y 24 rows of 4096, two weights of 4096², offsets of 3; the empty window only writes y.
  const double rows = 24.0 * 4096 * 2, weights = 2.0 * 4096 * 4096 * 2;
  const FamilyCost grouped = family("grouped_gemm");
  EXPECT_DOUBLE_EQ(grouped.operations, 2.0 * (24 + 8) * 4096 * 4096);
  EXPECT_DOUBLE_EQ(grouped.bytes, 2 * (2 * rows + weights + 12) + rows);
  EXPECT_DOUBLE_EQ(grouped.seconds, 2 * ((2 * rows + weights + 12) / (0.75 * 4.3e12)) + 4e-6);
  EXPECT_EQ(program.families[0].family, "gemm") << "longest first";
  EXPECT_DOUBLE_EQ(program.kernels, family("gemm").seconds + grouped.seconds + 4 * 4e-6);
  EXPECT_EQ(prediction.stepSeconds(1), std::nullopt) << "there is no update";
}

/// Two ranks own 32 rows each: windows of 24 rows of what they send are full, a third full and
/// empty.
TEST(CostModel, countsReceivedRowsInTheMean) {
  const plan::Plan plan = KernelPlan().build(true);
  const Prediction prediction = predict(plan, plan.targets[0], parseCluster("gpus=2"));
  for (const FamilyCost &cost : prediction.programs[0].families)
    if (cost.family == "grouped_gemm")
      EXPECT_DOUBLE_EQ(cost.operations, 2.0 * (24 + 8) * 4096 * 4096);
}

TEST(CostModel, knowsWindowsAndWhatNobodyMeasured) {
  EXPECT_EQ(kernelEfficiency("attention", "wgmma", false).products, 0.75);
  EXPECT_EQ(kernelEfficiency("attention", "wgmma", true).products, 0.55);
  EXPECT_EQ(kernelEfficiency("adamw", "generic", false).memory, 0.92) << "of any variant";
  EXPECT_EQ(kernelEfficiency("conv", "generic", false).source, "assumed");
}

TEST(CostModel, addsUpAStep) {
  const plan::Plan plan = test::meshBigramPlan({}, {2, 2, true});
  const Cluster cluster = parseCluster("gpus=4,nvlink=2");
  const Prediction prediction = predict(plan, plan.targets[0], cluster);
  EXPECT_EQ(prediction.batchTokens, 2 * 2 * 12);
  const ProgramCost *accumulate = prediction.find("accumulate"),
                    *update = prediction.find("update");
  ASSERT_TRUE(accumulate && update);
  double exchange = 0;
  int64_t steps = 0;
  for (const ExchangeCost &cost : prediction.exchanges) {
    EXPECT_EQ(cost.placement.domains, cost.group.axes == std::vector<std::string>{"tp"} ? 1 : 2);
    if (cost.group.program == "accumulate")
      exchange += cost.seconds;
    steps += cost.group.steps;
  }
  EXPECT_DOUBLE_EQ(accumulate->exchange, exchange);
  EXPECT_GT(update->exchange, 0);
  for (const ProgramCost &program : prediction.programs)
    for (const FamilyCost &family : program.families)
      steps += family.steps;
  int64_t planned = 0;
  for (const plan::Program &program : plan.targets[0].programs)
    planned += std::ssize(program.steps);
  EXPECT_EQ(steps, planned) << "every step is priced once";
  EXPECT_DOUBLE_EQ(prediction.stepSeconds(3).value(), 3 * accumulate->seconds + update->seconds);
  EXPECT_DOUBLE_EQ(accumulate->seconds, accumulate->kernels + accumulate->exchange)
      << "steps of one stream";
  EXPECT_EQ(errorOf([&] { predict(plan, plan.targets[0], parseCluster("gpus=8")); }),
            "gpus: the cluster has 8, the plan 4 ranks");
}

TEST(CostModel, exchangeHidesBehindKernels) {
  plan::Plan plan = test::meshBigramPlan({}, {2, 2, true});
  const Cluster cluster = parseCluster("gpus=4,nvlink=2");
  plan::Program &program =
      plan.targets[0].programs[static_cast<size_t>(plan.targets[0].findProgram("accumulate"))];
  int last = -1;
  for (plan::Step &step : program.steps)
    step.stream = step.kind == plan::StepKind::collective;
  const ProgramCost beside = *predict(plan, plan.targets[0], cluster).find("accumulate");
  EXPECT_DOUBLE_EQ(beside.seconds, std::max(beside.kernels, beside.exchange)) << "nothing waits";
  for (plan::Step &step : program.steps) { // every step waits for the one before it
    const int index = static_cast<int>(&step - program.steps.data());
    if (last >= 0 && program.steps[static_cast<size_t>(last)].stream != step.stream)
      step.after = {last};
    last = index;
  }
  const ProgramCost waiting = *predict(plan, plan.targets[0], cluster).find("accumulate");
  EXPECT_DOUBLE_EQ(waiting.seconds, waiting.kernels + waiting.exchange);
  EXPECT_DOUBLE_EQ(waiting.exposed(), waiting.exchange);
}

/// The last micro-batch may have a program of its own.
TEST(CostModel, countsTheJoinedProgram) {
  Prediction prediction;
  const auto program = [](const char *name, double seconds) {
    ProgramCost cost;
    cost.name = name;
    cost.seconds = seconds;
    return cost;
  };
  prediction.programs = {program("accumulate", 4), program("update", 2)};
  EXPECT_EQ(prediction.stepSeconds(3), 14);
  prediction.programs.push_back(program("accumulate_update", 5));
  EXPECT_EQ(prediction.stepSeconds(3), 13);
}

TEST(PredictionReport, saysWhatFitsAndHowLongItTakes) {
  const plan::Plan plan = test::meshBigramPlan({}, {2, 2, true});
  const plan::Target &target = plan.targets[0];
  const std::string needed = std::to_string(target.arena_bytes);
  const std::string fits =
      predictionText(plan, target, parseCluster("gpus=4,memory=" + needed + "B"), 2);
  EXPECT_NE(fits.find("Memory of a rank: fits"), std::string::npos) << fits;
  EXPECT_NE(fits.find("A training step of 2 x 48 tokens: "), std::string::npos) << fits;
  const Cluster small = parseCluster("gpus=4,memory=" + std::to_string(target.arena_bytes - 1));
  EXPECT_NE(predictionText(plan, target, small, 1).find("Memory of a rank: does not fit"),
            std::string::npos);
  const nlohmann::ordered_json json = predictionJson(plan, target, small, 2);
  EXPECT_EQ(json["memory"]["needed"], target.arena_bytes);
  EXPECT_EQ(json["memory"]["fits"], false);
  EXPECT_EQ(json["tokens"], 96);
  EXPECT_DOUBLE_EQ(json["tokens_per_second"], 96 / json["step_seconds"].get<double>());
}

MeshCost meshCost(int64_t dp, int64_t tp, int64_t memory, double kernels, double exchange) {
  MeshCost cost{plan::makeMesh(dp, tp, 1, 1), memory, {}};
  cost.prediction.batchTokens = dp * 1000;
  cost.prediction.programs = {
      {"accumulate",
       {{"gemm", "cublaslt", nullptr, 1, 0, 0, kernels}},
       kernels,
       exchange,
       kernels + exchange},
      {"update", {{"adamw", "generic", nullptr, 1, 0, 0, 1e-3}}, 1e-3, 0, 1e-3}};
  cost.prediction.exchanges = {
      {{"accumulate", "all_reduce", {"tp"}, tp, 1, 1}, {}, 0, exchange / 4},
      {{"accumulate", "all_gather", {"tp"}, tp, 1, 1}, {}, 0, exchange * 3 / 4}};
  return cost;
}

TEST(MeshRanking, listsWhatFitsBestFirst) {
  const Cluster cluster = parseCluster("gpus=4,memory=1GiB");
  std::vector<MeshCost> costs{meshCost(4, 1, int64_t(2) << 30, 1e-3, 0),
                              meshCost(1, 4, int64_t(1) << 28, 2e-3, 5e-3),
                              meshCost(2, 2, int64_t(1) << 30, 4e-3, 1e-3)};
  costs[1].recompute = "full";
  const std::string text = rankingText(costs, cluster, 2);
  EXPECT_EQ(
      text.substr(0, text.find("\nCost model")),
      "Meshes of 4 NVIDIA H200, 4 in an NVLink domain; NVLink 478 GB/s, network 50 GB/s a GPU, "
      "latency 5 us\n"
      "  dp  tp  ep  etp  memory a rank  tokens a step  ms a step  us a token  tokens/s  "
      "recompute  most of the time\n"
      "   2   2   1    1       1.00 GiB          4,000       11.0       2.750   363,636  none   "
      "    73 % "
      "kernels of accumulate, most of it gemm cublaslt\n"
      "   1   4   1    1     256.00 MiB          2,000       15.0       7.500   133,333  full   "
      "    67 % "
      "exchange of accumulate, most of it all_gather over tp\n"
      "  2 of 3 candidates fit into 1.00 GiB a GPU; first is the least predicted time a token, "
      "then the least memory\n");
}

TEST(MeshRanking, namesTheClosestIfNoneFits) {
  std::vector<MeshCost> costs{meshCost(4, 1, int64_t(2) << 30, 1e-3, 0),
                              meshCost(2, 2, int64_t(3) << 29, 1e-3, 0)};
  costs[1].recompute = "full";
  EXPECT_EQ(errorOf([&] { rankingText(costs, parseCluster("gpus=4,memory=1GiB"), 1); }),
            "of 2 candidates for 4 GPUs none fits into 1.00 GiB a GPU; the closest, dp 2, tp 2, ep "
            "1, etp 1 with --recompute full, needs 1.50 GiB, 512.00 MiB too much");
}

} // namespace
} // namespace step37::report
