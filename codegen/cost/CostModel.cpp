// The arithmetic; see CostModel.h.
#include "codegen/cost/CostModel.h"

#include "codegen/cost/Ceilings.h"
#include "codegen/cost/Work.h"
#include "codegen/spec/SpecJson.h"
#include "runtime/base/Error.h"
#include "runtime/plan/Names.h"

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
            const std::vector<spec::KernelSpec> &specs, const std::vector<plan::Step> &steps)
      : plan(plan), target(target), specs(specs), steps(steps) {}

  /// Returns the step's seconds.
  double add(const plan::Step &step) {
    if (step.rows_of >= 0 && isEmpty(step))
      return 0;
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
    if (const auto *received = std::get_if<spec::ReceivedRows>(&spec))
      note(*received, step);
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
    note(double(window.slots) / double(plan.mesh.ep), window.first, window.rows, step, {2, 3});
  }
  /// The same of rows that ranks send: in the mean as many as a rank owns.
  void note(const spec::ReceivedRows &window, const plan::Step &step) {
    note(double(window.slots), window.first, window.rows, step, {2, 3, 4});
  }
  void note(double all, int64_t first, int64_t rows, const plan::Step &step,
            std::initializer_list<size_t> written) {
    const double share = std::clamp((all - double(first)) / double(rows), 0.0, 1.0);
    for (const size_t argument : written)
      shares[step.arguments[argument].buffer] = share;
  }

  /// Whether no row of the step's window is in use.
  bool isEmpty(const plan::Step &step) const {
    const plan::Step &send = steps[static_cast<size_t>(step.rows_of)];
    const spec::KernelSpec &spec = specs[static_cast<size_t>(send.kernel)];
    const auto &counted = std::get<spec::CountedExchange>(spec);
    return counted.first >= counted.own_rows;
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
  const std::vector<plan::Step> &steps; // of the program
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
  if (cost.group.exchange == name(spec::Exchange::allToAll) ||
      cost.group.exchange == spec::countedExchange) {
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
  const int64_t started = cost.group.steps - cost.group.empty;
  cost.seconds = double(started) * (exchangeStart + steps * cluster.latency) + transfer;
  return cost;
}

std::vector<std::pair<const ProgramCost *, double>>
Prediction::stepPrograms(int64_t microBatches) const {
  const ProgramCost *accumulate = find(plan::accumulateProgram),
                    *update = find(plan::updateProgram),
                    *joined = find(plan::accumulateUpdateProgram);
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

double exchangeSeconds(const plan::Plan &plan, const spec::KernelSpec &spec,
                       const Cluster &cluster) {
  const spec::RankGroup group = *spec::rankGroupOf(spec);
  const int64_t bytes = spec::bytesSent(spec);
  ExchangeGroup step{"", std::string(group.exchange), *group.axes, group.ranks, 1, bytes};
  step.empty = bytes == 0 && group.exchange == spec::countedExchange;
  return costOf(std::move(step), placementOf(plan.mesh, *group.axes, cluster), cluster).seconds;
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
    KernelSum sum(plan, target, specs, program.steps);
    std::vector<double> seconds;
    for (const plan::Step &step : program.steps) {
      const spec::KernelSpec &spec = specs[static_cast<size_t>(step.kernel)];
      if (!spec::rankGroupOf(spec)) {
        seconds.push_back(sum.add(step));
        continue;
      }
      auto [known, isNew] = exchanges.try_emplace(step.kernel, 0);
      if (isNew)
        known->second = exchangeSeconds(plan, spec, cluster);
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
