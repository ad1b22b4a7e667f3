// What a target's programs cost on a cluster, without it: seconds of kernels and of exchanges, from
// the plan alone. The constants are CostTable.h, the machines Cluster.h, the text of it
// PredictionReport.h.
//
// Kernels. A launch takes max(leastLaunch, operations / (ceiling · share), bytes / (memory ·
// share)) with what it has to do from codegen/cost/Work.h, ceilings from Ceilings.h and shares
// from CostTable.h. Routing is taken as balanced: of the rows for a rank's experts slots/ep are in
// use, in the windows that come first. A kernel of a window has operations by the rows in use, and
// reads nothing where there are none; what it writes it writes anyway, unless the plan leaves it
// out there.
//
// Exchanges. A ring of r ranks has r−1 steps, an all-reduce two such rings, an all-to-all one step.
// All of a kind together take count · (exchangeStart + steps · latency) + bytes sent / rate, the
// count of those that send something. Inside a domain the rate is NVLink's. A ring over several
// domains is as fast as the slower one of NVLink and of the network adapters of the ranks that it
// has in a domain, which share its bytes; without neighbours in a domain it has the network alone.
// An all-to-all sends to both sides at once: the slower one counts.
//
// Overlap. Steps begin as their streams and waits allow; kernels and exchanges do not slow each
// other.
#pragma once

#include "codegen/cost/Cluster.h"
#include "codegen/cost/CostTable.h"
#include "codegen/cost/ExchangeGroups.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace step37::report {

/// Where the ranks of a group lie, for the group of these axes that is spread most.
struct Placement {
  int64_t ranks = 1;
  int64_t domains = 1;   // NVLink domains that have some of them
  int64_t perDomain = 1; // fewest of them in one of these
};

Placement placementOf(const plan::Mesh &mesh, plan::AxisNames axes, const Cluster &cluster);

/// One ExchangeGroup, a rank and run of its program.
struct ExchangeCost {
  ExchangeGroup group;
  Placement placement;
  double networkBytes = 0; // of the bytes sent, those between domains, on average over the ranks
  double seconds = 0;
};

ExchangeCost costOf(ExchangeGroup group, const Placement &placement, const Cluster &cluster);

/// All kernels that have one row of CostTable.h in common, a run of the program.
struct FamilyCost {
  std::string family, variant;
  const KernelEfficiency *efficiency = nullptr;
  int64_t steps = 0;
  double operations = 0, bytes = 0, seconds = 0;
};

struct ProgramCost {
  std::string name;
  std::vector<FamilyCost> families; // longest first
  double kernels = 0, exchange = 0; // seconds of all
  double seconds = 0;               // of a run

  /// Seconds of exchange that no kernel hides.
  double exposed() const { return std::max(0.0, seconds - kernels); }
};

struct Prediction {
  std::vector<ProgramCost> programs; // those of the target
  std::vector<ExchangeCost> exchanges;
  int64_t batchTokens = 0; // of one micro-batch, all ranks together

  /// The programs of a step of training, and how often each runs. Empty where the plan does not
  /// train.
  std::vector<std::pair<const ProgramCost *, double>> stepPrograms(int64_t microBatches) const;
  /// All of them together; nothing where the plan does not train.
  std::optional<double> stepSeconds(int64_t microBatches) const;
  const ProgramCost *find(std::string_view program) const;
};

/// Throws Error if the cluster has not as many GPUs as the plan has ranks.
Prediction predict(const plan::Plan &plan, const plan::Target &target, const Cluster &cluster);

} // namespace step37::report
