// The meshes of a number of GPUs that a config can be sharded over, and what its plan costs on
// each. How they are ranked is codegen/report/MeshRanking.h.
#pragma once

#include "codegen/cost/MeshCost.h"
#include "codegen/driver/Compiler.h"

#include <vector>

namespace step37 {

/// All sizes of a mesh of so many ranks that meshOf takes, with the rest of `options`: tp from 1
/// on, then ep, then etp. Throws Error where something else than the mesh does not fit.
std::vector<MeshOptions> meshesOf(const CompileOptions &options, int64_t ranks);

/// Compiles for the GPUs of `cluster` on each mesh, without kernel images (which are some MiB), and
/// asks for the costs. Where the options leave recomputation open, it is as little as fits. Throws
/// Error where this build has no cuda target.
std::vector<report::MeshCost> meshCosts(const CompileOptions &options,
                                        const report::Cluster &cluster);

} // namespace step37
