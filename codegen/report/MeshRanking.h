// Meshes of one model beside each other: which fit a GPU's memory, and in what order. What a plan
// costs on each is CostModel.h; which meshes there are decides who calls.
#pragma once

#include "codegen/cost/MeshCost.h"

#include <string>
#include <vector>

namespace step37::report {

/// Those that fit the cluster's memory as a table, least predicted time per token first, then least
/// memory, with what takes most of the time; how many were left out; how they were ranked. A
/// training step has `microBatches`; every prediction must be of a plan that trains. Throws Error
/// that names the mesh that comes closest if none fits.
std::string rankingText(std::vector<MeshCost> costs, const Cluster &cluster, int64_t microBatches);

} // namespace step37::report
