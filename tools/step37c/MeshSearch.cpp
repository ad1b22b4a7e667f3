#include "tools/step37c/MeshSearch.h"

#include "runtime/file/Error.h"
#include "runtime/plan/Mesh.h"

#include <algorithm>

namespace step37 {
namespace {

std::vector<int64_t> divisors(int64_t number) {
  std::vector<int64_t> found;
  for (int64_t candidate = 1; candidate <= number; ++candidate)
    if (number % candidate == 0)
      found.push_back(candidate);
  return found;
}

bool fits(const CompileOptions &options) {
  try {
    (void)meshOf(options);
    return true;
  } catch (const Error &) {
    return false;
  }
}

/// Says which mesh it was where one cannot be compiled.
plan::Plan compiled(const CompileOptions &options) {
  try {
    return compile(options).value();
  } catch (const Error &error) {
    throw Error("on the mesh " + plan::describe(meshOf(options)) + ": " + error.what());
  }
}

} // namespace

std::vector<MeshOptions> meshesOf(const CompileOptions &options, int64_t ranks) {
  CompileOptions candidate = options;
  MeshOptions &mesh = candidate.mesh;
  mesh.dp = ranks;
  mesh.tp = mesh.ep = mesh.etp = 1;
  (void)meshOf(candidate); // fits every model: what it throws is not about the mesh

  std::vector<MeshOptions> meshes;
  for (const int64_t tp : divisors(ranks))
    for (const int64_t ep : divisors(ranks))
      for (const int64_t etp : divisors(ranks / ep)) {
        mesh.dp = ranks / tp;
        mesh.tp = tp;
        mesh.ep = ep;
        mesh.etp = etp;
        if (fits(candidate))
          meshes.push_back(mesh);
      }
  return meshes;
}

std::vector<report::MeshCost> meshCosts(const CompileOptions &options,
                                        const report::Cluster &cluster) {
  if (std::ranges::count(supportedTargets(), "cuda") == 0)
    throw Error("this build of step37c has no cuda target to plan for");
  CompileOptions candidate = options;
  candidate.targets = {"cuda"};
  candidate.kernelImages = false;
  std::vector<report::MeshCost> costs;
  for (const MeshOptions &mesh : meshesOf(options, cluster.gpus)) {
    candidate.mesh = mesh;
    const plan::Plan plan = compiled(candidate);
    const plan::Target &target = plan.targets.front();
    costs.push_back({plan.mesh, target.arena_bytes, predict(plan, target, cluster)});
  }
  return costs;
}

} // namespace step37
