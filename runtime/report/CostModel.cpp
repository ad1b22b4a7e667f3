// The arithmetic; see CostModel.h.
#include "runtime/report/CostModel.h"

#include "codegen/spec/SpecJson.h"
#include "codegen/spec/Work.h"
#include "runtime/file/Error.h"
#include "runtime/report/ProfileReport.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace step37::report {
namespace {

bool isWindowed(const spec::KernelSpec &spec) {
  return std::visit(
      [](const auto &typed) {
        if constexpr (requires { typed.window; })
          return typed.window > 0;
        else
          return false;
      },
      spec);
}

/// Adds up the kernels of one program, step by step.
class KernelSum {
public:
  KernelSum(const plan::Plan &plan, const plan::Target &target,
            const std::vector<spec::KernelSpec> &specs)
      : plan(plan), target(target), specs(specs) {}

  /// Returns the step's seconds.
  double add(const plan::Step &step) {
    const auto number = static_cast<size_t>(step.kernel);
    const spec::KernelSpec &spec = specs[number];
    const plan::Kernel &kernel = target.kernels[number];
    const KernelEfficiency &efficiency =
        kernelEfficiency(kernel.family, kernel.variant, isWindowed(spec));
    const spec::Work work = workOf(step, spec);
    FamilyCost &family = sums.try_emplace({kernel.family, kernel.variant, &efficiency},
                                          FamilyCost{kernel.family, kernel.variant, &efficiency})
                             .first->second;
    family.steps += 1;
    family.operations += work.operations;
    family.bytes += work.bytes;
    const double seconds =
        std::max({leastLaunch,
                  work.operations /
                      ((work.tensorCores ? ceilings.tensor : ceilings.f32) * efficiency.products),
                  work.bytes / (ceilings.memory * efficiency.memory)});
    family.seconds += seconds;
    if (const auto *window = std::get_if<spec::ExpertWindow>(&spec))
      note(*window, step);
    return seconds;
  }

  /// Longest first.
  std::vector<FamilyCost> families() const {
    std::vector<FamilyCost> families;
    for (const auto &[key, sum] : sums)
      families.push_back(sum);
    std::ranges::sort(families, [](const FamilyCost &a, const FamilyCost &b) {
      return std::tie(b.seconds, a.family, a.variant) < std::tie(a.seconds, b.family, b.variant);
    });
    return families;
  }

private:
  /// The share of the window's rows that are in use, remembered by the buffers that describe it.
  void note(const spec::ExpertWindow &window, const plan::Step &step) {
    const double used = double(window.slots) / double(plan.mesh.ep) - double(window.first);
    const double share = std::clamp(used / double(window.rows), 0.0, 1.0);
    for (const size_t written : {size_t(2), size_t(3)})
      shares[step.arguments[written].buffer] = share;
  }

  spec::Work workOf(const plan::Step &step, const spec::KernelSpec &spec) const {
    spec::Work work = spec::workOf(spec);
    for (const plan::Argument &argument : step.arguments)
      if (const auto found = shares.find(argument.buffer); found != shares.end()) {
        work.operations *= found->second;
        if (found->second == 0)
          work.bytes = spec::writtenBytes(spec);
        break;
      }
    return work;
  }

  const plan::Plan &plan;
  const plan::Target &target;
  const std::vector<spec::KernelSpec> &specs;
  const Ceilings ceilings = ceilingsOf(costDevice);
  std::map<std::tuple<std::string, std::string, const KernelEfficiency *>, FamilyCost> sums;
  std::map<int, double> shares; // by buffer
};

} // namespace

Placement placementOf(const plan::Mesh &mesh, plan::AxisNames axes, const Cluster &cluster) {
  Placement worst{plan::rankCount(mesh, axes), 0, 0};
  for (const std::vector<int64_t> &group : plan::groupsAlong(mesh, axes)) {
    std::map<int64_t, int64_t> members;
    for (const int64_t rank : group)
      ++members[rank / cluster.nvlink];
    const auto domains = static_cast<int64_t>(members.size());
    const int64_t fewest = std::ranges::min_element(members, {}, [](const auto &entry) {
                             return entry.second;
                           })->second;
    if (domains > worst.domains || (domains == worst.domains && fewest < worst.perDomain))
      worst = {worst.ranks, domains, fewest};
  }
  return worst;
}

ExchangeCost costOf(ExchangeGroup group, const Placement &placement, const Cluster &cluster) {
  const LinkEfficiency &efficiency = linkEfficiency(group.exchange);
  const double nvlink = cluster.nvlinkBandwidth * efficiency.nvlink,
               network = cluster.networkBandwidth * efficiency.network;
  const auto [ranks, domains, perDomain] = placement;
  const auto bytes = static_cast<double>(group.bytes);
  ExchangeCost cost{std::move(group), placement};
  double steps = 0, transfer = 0;
  if (cost.group.exchange == name(spec::Exchange::allToAll)) {
    steps = 1;
    cost.networkBytes = ranks > 1 ? bytes * double(ranks - perDomain) / double(ranks - 1) : 0;
    transfer = std::max((bytes - cost.networkBytes) / nvlink, cost.networkBytes / network);
  } else {
    steps = double(ranks - 1) * (cost.group.exchange == name(spec::Exchange::allReduce) ? 2 : 1);
    cost.networkBytes = domains > 1 ? bytes * double(domains) / double(ranks) : 0;
    double rate = nvlink;
    if (domains > 1)
      rate = perDomain > 1 ? std::min(nvlink, network * double(perDomain)) : network;
    transfer = bytes / rate;
  }
  cost.seconds = double(cost.group.steps) * (exchangeStart + steps * cluster.latency) + transfer;
  return cost;
}

std::vector<std::pair<const ProgramCost *, double>>
Prediction::stepPrograms(int64_t microBatches) const {
  const ProgramCost *accumulate = find("accumulate"), *update = find("update"),
                    *joined = find("accumulate_update");
  const auto runs = static_cast<double>(microBatches);
  if (!accumulate || !update)
    return {};
  if (joined)
    return {{accumulate, runs - 1}, {joined, 1}};
  return {{accumulate, runs}, {update, 1}};
}

std::optional<double> Prediction::stepSeconds(int64_t microBatches) const {
  std::optional<double> seconds;
  for (const auto &[program, runs] : stepPrograms(microBatches))
    seconds = seconds.value_or(0) + runs * program->seconds;
  return seconds;
}

const ProgramCost *Prediction::find(std::string_view program) const {
  const auto found = std::ranges::find(programs, program, &ProgramCost::name);
  return found == programs.end() ? nullptr : &*found;
}

namespace {

/// When the last step ends if each begins as soon as its stream and its waits let it.
double elapsed(const std::vector<plan::Step> &steps, const std::vector<double> &seconds) {
  std::vector<double> ends;
  std::array<double, 2> free{};
  for (size_t i = 0; i < steps.size(); ++i) {
    double &clock = free[static_cast<size_t>(steps[i].stream)];
    for (const int other : steps[i].after)
      clock = std::max(clock, ends[static_cast<size_t>(other)]);
    clock += seconds[i];
    ends.push_back(clock);
  }
  return std::max(free[0], free[1]);
}

double exchangeSeconds(const plan::Plan &plan, const spec::Collective &collective,
                       const Cluster &cluster) {
  ExchangeGroup step{"",
                     std::string(name(collective.exchange)),
                     collective.axes,
                     collective.ranks,
                     1,
                     bytesSent(collective)};
  return costOf(std::move(step), placementOf(plan.mesh, collective.axes, cluster), cluster).seconds;
}

} // namespace

Prediction predict(const plan::Plan &plan, const plan::Target &target, const Cluster &cluster) {
  const int64_t ranks = plan::rankCount(plan.mesh);
  if (cluster.gpus == 0)
    throw Error("gpus: is not given; the plan has " + std::to_string(ranks) + " ranks");
  if (cluster.gpus != ranks)
    throw Error("gpus: the cluster has " + std::to_string(cluster.gpus) + ", the plan " +
                std::to_string(ranks) + " ranks");
  std::vector<spec::KernelSpec> specs;
  for (const plan::Kernel &kernel : target.kernels)
    specs.push_back(spec::parseSpec(kernel.family, kernel.spec));

  Prediction prediction;
  std::map<int, double> exchanges; // seconds by kernel
  prediction.batchTokens = plan.mesh.dp * plan.micro_batch * plan.seq_len;
  for (const plan::Program &program : target.programs) {
    KernelSum sum(plan, target, specs);
    std::vector<double> seconds;
    for (const plan::Step &step : program.steps) {
      const auto *collective =
          std::get_if<spec::Collective>(&specs[static_cast<size_t>(step.kernel)]);
      if (!collective) {
        seconds.push_back(sum.add(step));
        continue;
      }
      auto [known, isNew] = exchanges.try_emplace(step.kernel, 0);
      if (isNew)
        known->second = exchangeSeconds(plan, *collective, cluster);
      seconds.push_back(known->second);
    }
    ProgramCost &cost = prediction.programs.emplace_back(ProgramCost{program.name, sum.families()});
    for (const FamilyCost &family : cost.families)
      cost.kernels += family.seconds;
    cost.seconds = elapsed(program.steps, seconds);
  }
  for (ExchangeGroup &group : exchangeGroups(target)) {
    const Placement placement = placementOf(plan.mesh, group.axes, cluster);
    ExchangeCost cost = costOf(std::move(group), placement, cluster);
    std::ranges::find(prediction.programs, cost.group.program, &ProgramCost::name)->exchange +=
        cost.seconds;
    prediction.exchanges.push_back(std::move(cost));
  }
  return prediction;
}

} // namespace step37::report
